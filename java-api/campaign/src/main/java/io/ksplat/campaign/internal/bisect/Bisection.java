// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bisect;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/**
 * What a bisection came to.
 *
 * @param errorBound how probable it is at most that the answer is wrong
 * @param from the last kernel before the change
 * @param to the first one with it
 * @param commit the one that made the change, where commits were looked at
 * @param skipped what could not be told, and why
 * @param remarks contradictions and all else that the answer does not say, one line each
 */
public record Bisection(
        boolean found,
        double errorBound,
        int runs,
        Optional<End> from,
        Optional<End> to,
        Optional<String> commit,
        List<Skipped> skipped,
        List<String> remarks) {
    public Bisection {
        skipped = List.copyOf(skipped);
        remarks = List.copyOf(remarks);
    }

    /** A kernel beside the change. */
    public record End(String spec, String release) {}

    /** A kernel or commit that could not be told. */
    public record Skipped(String what, String reason) {}

    public String verdict() {
        return found ? "FOUND" : "CANNOT TELL";
    }

    /** As {@code bisect --json} prints it. */
    public ObjectNode json() {
        ObjectNode node = JsonNodeFactory.instance
                .objectNode()
                .put("verdict", verdict())
                .put("errorBound", errorBound)
                .put("runs", runs);
        from.ifPresent(end -> node.putObject("from").put("spec", end.spec()).put("release", end.release()));
        to.ifPresent(end -> node.putObject("to").put("spec", end.spec()).put("release", end.release()));
        node.put("commit", commit.orElse(null));
        ArrayNode array = node.putArray("skipped");
        skipped.forEach(each -> array.addObject().put("what", each.what()).put("reason", each.reason()));
        ArrayNode more = node.putArray("remarks");
        remarks.forEach(more::add);
        return node;
    }
}
