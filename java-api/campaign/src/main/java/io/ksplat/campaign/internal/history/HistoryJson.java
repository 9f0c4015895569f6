// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.history;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.ksplat.campaign.internal.statistics.Rate;

/** Tells what a history has of a name, for programs. What is not known is absent. */
public final class HistoryJson {
    private static final int SCHEMA = 1;

    private HistoryJson() {}

    /** Returns the JSON. */
    public static String of(HistoryAnswer answer) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("schema", SCHEMA);
        json.put("name", answer.name()).put("subject", answer.subject().id());
        ArrayNode signatures = json.putArray("signatures");
        answer.signatures().forEach(seen -> add(signatures.addObject(), seen));
        ArrayNode rows = json.putArray("rows");
        answer.rows().forEach(row -> add(rows.addObject(), row));
        ArrayNode days = json.putArray("days");
        answer.days().forEach((day, rate) -> add(days.addObject().put("day", day.toString()), rate));
        return json.toPrettyString();
    }

    private static void add(ObjectNode to, HistoryAnswer.Seen seen) {
        to.put("signature", seen.signature()).put("kind", seen.kind()).put("title", seen.title());
        add(to, seen.span());
        ArrayNode kernels = to.putArray("kernels");
        seen.kernels().forEach((release, span) -> add(kernels.addObject().put("release", release), span));
    }

    private static void add(ObjectNode to, HistoryAnswer.Row row) {
        to.put("reproducer", row.reproducer());
        to.putObject("kernel").put("release", row.release()).put("key", row.kernelKey());
        to.put("target", row.target());
        ObjectNode verdicts = to.putObject("verdicts");
        row.verdicts().forEach((verdict, times) -> verdicts.put(verdict.name(), times));
        add(to, row.rate());
        add(to, row.seen());
        to.put("flaky", row.isFlaky());
        row.medianMs().ifPresent(ms -> to.put("medianMs", ms));
    }

    private static void add(ObjectNode to, Rate rate) {
        to.put("seen", rate.seen()).put("runs", rate.runs());
        if (rate.runs() > 0) {
            to.put("lower", rate.lower(Rate.ERROR_RATE)).put("upper", rate.upper(Rate.ERROR_RATE));
        }
    }

    private static void add(ObjectNode to, HistoryAnswer.Span span) {
        span.first().ifPresent(at -> to.put("first", at.toString()));
        span.last().ifPresent(at -> to.put("last", at.toString()));
    }
}
