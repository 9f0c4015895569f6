// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.history;

import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Tells what a history has of a name, for people. */
public final class HistoryText {
    /** More days than these are in the JSON. */
    private static final int DAYS = 30;

    private HistoryText() {}

    /** Returns the text. */
    public static String of(HistoryAnswer answer) {
        boolean signature = answer.subject() == HistoryAnswer.Subject.SIGNATURE;
        StringBuilder text = new StringBuilder((answer.subject() == HistoryAnswer.Subject.ALL
                        ? "all"
                        : answer.subject().id() + " " + line(answer.name()))
                + "\n");
        for (HistoryAnswer.Seen seen : answer.signatures()) {
            text.append(signature ? "" : "signature " + line(seen.signature()) + "\n")
                    .append("  " + seen.kind() + ": " + line(seen.title()) + "\n");
            seen.kernels().forEach((kernel, span) -> text.append("  on " + line(kernel) + ": " + span(span) + "\n"));
        }
        for (HistoryAnswer.Row row : answer.rows()) {
            text.append(row(row, signature)).append('\n');
        }
        if (!answer.days().isEmpty()) {
            text.append(signature ? "seen, by day:\n" : "not as expected, by day:\n");
            List<LocalDate> days = List.copyOf(answer.days().keySet());
            days.subList(Math.max(0, days.size() - DAYS), days.size())
                    .forEach(
                            day -> text.append("  " + day + "  " + answer.days().get(day) + "\n"));
        }
        return text.toString();
    }

    private static String row(HistoryAnswer.Row row, boolean signature) {
        String verdicts = row.verdicts().entrySet().stream()
                .map(entry -> entry.getKey() + " " + entry.getValue())
                .collect(Collectors.joining(", "));
        return line(row.reproducer()) + " on " + line(row.release())
                + (row.target().equals("qemu") ? "" : " (" + line(row.target()) + ")")
                + (signature ? ": seen " : ": not as expected ") + row.rate() + "; " + verdicts
                + (row.isFlaky() ? "; flaky" : "")
                + row.medianMs()
                        .map(ms -> String.format(Locale.ROOT, "; median %.1f s", ms / 1000.0))
                        .orElse("");
    }

    private static String span(HistoryAnswer.Span span) {
        Optional<LocalDate> first = span.first().map(at -> LocalDate.ofInstant(at, ZoneOffset.UTC));
        Optional<LocalDate> last = span.last().map(at -> LocalDate.ofInstant(at, ZoneOffset.UTC));
        return first.map(day -> "first " + day + ", last " + last.orElse(day)).orElse("no report says when");
    }

    /** What a guest printed must not move the cursor. */
    private static String line(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }
}
