// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Details;
import io.ksplat.evidence.EvidenceKind;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Computes the titles of reports. */
final class Titles {
    private static final Pattern ADDRESS = Pattern.compile("\\b(?:0x[0-9a-f]+|[0-9a-f]{8,16})\\b");
    private static final Pattern NUMBER = Pattern.compile("\\b\\d+\\b");
    private static final Pattern ACCESS = Pattern.compile("^\\s*(Read|Write) (?:of size \\d+|at addr)");

    private Titles() {}

    /** A title, its kind and type, and the function that it names. */
    record Title(EvidenceKind kind, String text, Optional<String> function, String type) {}

    static Title of(Report report, List<Trace> traces, Details details) {
        Rule rule = LibraryRules.refined(report.rule(), report.named("file"));
        Optional<String> function = BlameFinder.find(report, traces, details, rule.blame());
        Optional<String> access = access(report);
        String text = rule.title();
        for (Rule.Slot slot : rule.slots()) {
            text = filled(text, slot, report, function, access);
        }
        return new Title(rule.kind(), text, function, rule.typing().of(said(report.head()), access));
    }

    private static String filled(
            String text, Rule.Slot slot, Report report, Optional<String> function, Optional<String> access) {
        String place = slot.placeholder();
        return switch (slot) {
            case SAID -> text.replace(place, plain(said(report.head())));
            case OTHER ->
                text.replace(place, report.named("other").map(Names::title).orElse(""));
            case NEXT_LINE ->
                text.replace(
                        place,
                        report.lines.size() > 1 ? report.lines.get(1).text().strip() : "rust panic");
            case ACCESS -> {
                // a free is neither a read nor a write
                String freed = text.replace("double-free", "invalid-free");
                yield freed.replace(
                        place + " ",
                        freed.contains("invalid-free")
                                ? ""
                                : access.map(verb -> verb + " ").orElse(""));
            }
            case FUNCTION ->
                text.replace(" in " + place, function.map(name -> " in " + name).orElse(""));
        };
    }

    /** Returns the head's first group. If its word was torn off, assumes the most frequent one. */
    private static String said(Matcher head) {
        String said = head.groupCount() > 0 ? head.group(1) : "";
        return said == null ? "WARNING" : said;
    }

    /** Returns the access that KASAN prints in the second line, "Read of size" or "Write of size" (print_error_description, mm/kasan/report.c). */
    private static Optional<String> access(Report report) {
        return report.lines.stream()
                .limit(6)
                .map(line -> ACCESS.matcher(line.text()))
                .filter(Matcher::find)
                .map(matcher -> matcher.group(1))
                .findFirst();
    }

    /** Removes what differs between runs. */
    private static String plain(String value) {
        String text = NUMBER.matcher(ADDRESS.matcher(value).replaceAll("ADDR"))
                .replaceAll("NUM")
                .strip();
        return text.length() > 120 ? text.substring(0, 120) : text;
    }
}
