// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

import io.ksplat.results.internal.campaign.HistoryRecord;

/** The form of what a history tells. */
final class HistoryForms {
    private static final Form<HistoryRecord.Span> SPAN = f -> new HistoryRecord.Span(
            f.optionalText("first", HistoryRecord.Span::first), f.optionalText("last", HistoryRecord.Span::last));

    private static final Form<HistoryRecord.Rate> RATE = f -> new HistoryRecord.Rate(
            f.number("seen", HistoryRecord.Rate::seen),
            f.number("runs", HistoryRecord.Rate::runs),
            f.required("low", Values.DOUBLE, HistoryRecord.Rate::low),
            f.required("high", Values.DOUBLE, HistoryRecord.Rate::high));

    private static final Form<HistoryRecord.On> ON = f -> new HistoryRecord.On(
            f.text("release", HistoryRecord.On::release), f.object("span", SPAN, HistoryRecord.On::span));

    private static final Form<HistoryRecord.Signature> SIGNATURE = f -> new HistoryRecord.Signature(
            f.text("signature", HistoryRecord.Signature::signature),
            f.text("kind", HistoryRecord.Signature::kind),
            f.text("title", HistoryRecord.Signature::title),
            f.object("span", SPAN, HistoryRecord.Signature::span),
            f.list("kernels", ON, HistoryRecord.Signature::kernels));

    private static final Form<HistoryRecord.Count> COUNT = f -> new HistoryRecord.Count(
            f.text("verdict", HistoryRecord.Count::verdict), f.number("runs", HistoryRecord.Count::runs));

    private static final Form<HistoryRecord.Row> ROW = f -> new HistoryRecord.Row(
            f.text("reproducer", HistoryRecord.Row::reproducer),
            f.text("release", HistoryRecord.Row::release),
            f.text("key", HistoryRecord.Row::key),
            f.text("target", HistoryRecord.Row::target),
            f.list("verdicts", COUNT, HistoryRecord.Row::verdicts),
            f.object("rate", RATE, HistoryRecord.Row::rate),
            f.object("seen", SPAN, HistoryRecord.Row::seen),
            f.flag("flaky", HistoryRecord.Row::flaky),
            f.optionalLong("medianMs", HistoryRecord.Row::medianMs));

    private static final Form<HistoryRecord.Day> DAY = f -> new HistoryRecord.Day(
            f.text("day", HistoryRecord.Day::day), f.object("rate", RATE, HistoryRecord.Day::rate));

    static final Form<HistoryRecord> HISTORY = f -> new HistoryRecord(
            f.text("history", HistoryRecord::name),
            f.text("subject", HistoryRecord::subject),
            f.list("signatures", SIGNATURE, HistoryRecord::signatures),
            f.list("rows", ROW, HistoryRecord::rows),
            f.list("days", DAY, HistoryRecord::days));

    private HistoryForms() {}
}
