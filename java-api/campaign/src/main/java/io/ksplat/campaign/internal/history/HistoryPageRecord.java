// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.history;

import io.ksplat.campaign.internal.statistics.Rate;
import io.ksplat.results.internal.campaign.HistoryRecord;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Turns what a history has of a name into the record that a page of a report is drawn from. */
public final class HistoryPageRecord {
    private HistoryPageRecord() {}

    /** Returns the record. */
    public static HistoryRecord of(HistoryAnswer answer) {
        return new HistoryRecord(
                answer.name(),
                answer.subject().id(),
                answer.signatures().stream().map(HistoryPageRecord::signature).toList(),
                answer.rows().stream().map(HistoryPageRecord::row).toList(),
                answer.days().entrySet().stream()
                        .map(day -> new HistoryRecord.Day(day.getKey().toString(), rate(day.getValue())))
                        .toList());
    }

    private static HistoryRecord.Signature signature(HistoryAnswer.Seen seen) {
        return new HistoryRecord.Signature(
                seen.signature(),
                seen.kind(),
                seen.title(),
                span(seen.span()),
                seen.kernels().entrySet().stream()
                        .map((Map.Entry<String, HistoryAnswer.Span> on) ->
                                new HistoryRecord.On(on.getKey(), span(on.getValue())))
                        .toList());
    }

    private static HistoryRecord.Row row(HistoryAnswer.Row row) {
        return new HistoryRecord.Row(
                row.reproducer(),
                row.release(),
                row.kernelKey(),
                row.target(),
                row.verdicts().entrySet().stream()
                        .map(count -> new HistoryRecord.Count(count.getKey().name(), count.getValue()))
                        .toList(),
                rate(row.rate()),
                span(row.seen()),
                row.isFlaky(),
                row.medianMs().map(OptionalLong::of).orElseGet(OptionalLong::empty));
    }

    private static HistoryRecord.Rate rate(Rate rate) {
        return new HistoryRecord.Rate(
                rate.seen(), rate.runs(), rate.lower(Rate.ERROR_RATE), rate.upper(Rate.ERROR_RATE));
    }

    private static HistoryRecord.Span span(HistoryAnswer.Span span) {
        return new HistoryRecord.Span(day(span.first()), day(span.last()));
    }

    private static Optional<String> day(Optional<Instant> at) {
        return at.map(when -> LocalDate.ofInstant(when, ZoneOffset.UTC).toString());
    }
}
