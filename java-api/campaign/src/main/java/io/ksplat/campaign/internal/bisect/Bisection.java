// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bisect;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/**
 * The result of a bisection.
 *
 * @param errorBound an upper bound for the probability that the answer is wrong
 * @param from the last kernel before the change
 * @param to the first kernel with the change
 * @param commit the commit that made the change, if commits were bisected
 * @param skipped the kernels or commits that could not be classified, with the reason
 * @param remarks contradictions and other notes, one line each
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

    /** A kernel next to the change. */
    public record End(String spec, String release) {}

    /** A kernel or commit that could not be classified. */
    public record Skipped(String what, String reason) {}

    /** Returns {@code FOUND} or {@code CANNOT TELL}. */
    public String verdict() {
        return found ? "FOUND" : "CANNOT TELL";
    }

    /** Returns the JSON that {@code bisect --json} prints. */
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
