// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What reproducers did on kernels, as a Markdown table: a row for each reproducer, a column for each kernel, the reasons below. */
public final class MarkdownTable {
    private final Map<String, Map<String, List<RunRecord>>> rows = new TreeMap<>();
    private final Set<String> kernels = new LinkedHashSet<>();
    private final Map<String, Integer> reasons = new LinkedHashMap<>();

    private MarkdownTable() {}

    /**
     * Returns the table of several reports.
     *
     * @param reports the runs of each; if two have the same reproducer on the same kernel, the later one counts
     */
    public static String of(Collection<? extends Collection<RunRecord>> reports) {
        MarkdownTable table = new MarkdownTable();
        reports.forEach(table::add);
        return table.text();
    }

    private void add(Collection<RunRecord> report) {
        Map<String, Map<String, List<RunRecord>>> fresh = new LinkedHashMap<>();
        for (RunRecord run : report) {
            String kernel = run.kernel().spec();
            kernels.add(kernel);
            fresh.computeIfAbsent(run.reproducer(), id -> new LinkedHashMap<>())
                    .computeIfAbsent(kernel, spec -> new ArrayList<>())
                    .add(run);
        }
        fresh.forEach((id, cells) ->
                rows.computeIfAbsent(id, row -> new LinkedHashMap<>()).putAll(cells));
    }

    private String text() {
        StringBuilder text = new StringBuilder("| id | lock at stake |");
        kernels.forEach(kernel -> text.append(' ').append(Markdown.text(kernel)).append(" |"));
        text.append("\n|---|---|").append("---|".repeat(kernels.size())).append('\n');
        rows.forEach((id, cells) -> {
            text.append("| ")
                    .append(Markdown.code(id))
                    .append(" | ")
                    .append(locks(cells))
                    .append(" |");
            for (String kernel : kernels) {
                text.append(' ')
                        .append(cell(cells.getOrDefault(kernel, List.of())))
                        .append(" |");
            }
            text.append('\n');
        });
        if (!reasons.isEmpty()) {
            text.append('\n');
        }
        reasons.forEach((reason, number) ->
                text.append(number).append(". ").append(reason).append('\n'));
        return text.toString();
    }

    /** Those of its deadlocks that have a name: a map's own lock has none. */
    private static String locks(Map<String, List<RunRecord>> cells) {
        return cells.values().stream()
                .flatMap(List::stream)
                .filter(run -> run.verdict() == Verdict.DEADLOCK)
                .flatMap(run -> run.evidence().stream())
                .flatMap(found -> found.locks().stream())
                .map(LockRef::name)
                .filter(name -> !name.startsWith("0x"))
                .distinct()
                .sorted()
                .map(Markdown::code)
                .collect(Collectors.joining(", "));
    }

    private String cell(List<RunRecord> runs) {
        Map<Verdict, Long> verdicts = runs.stream()
                .collect(Collectors.groupingBy(
                        RunRecord::verdict,
                        () -> new TreeMap<>(Comparator.comparing(Verdict::name)),
                        Collectors.counting()));
        Set<String> notes = new TreeSet<>();
        runs.forEach(run -> notes.add(note(run)));
        return verdicts.entrySet().stream()
                        .map(verdict -> runs.size() == 1
                                ? verdict.getKey().name()
                                : verdict.getValue() + " " + verdict.getKey())
                        .collect(Collectors.joining(", "))
                + String.join("", notes);
    }

    /** The number of the reason for a verdict that was expected; else what was. */
    private String note(RunRecord run) {
        if (run.verdict() != run.expected()) {
            return " **(expected " + run.expected() + ")**";
        }
        String reason = Markdown.text(
                run.mismatch().or(run::because).or(() -> message(run)).orElse(""));
        if (reason.isEmpty()) {
            return "";
        }
        int number = reasons.computeIfAbsent(reason, first -> reasons.size() + 1);
        return (Judged.isUnexpected(run) ? " **(unexpected)**" : "") + " <sup>" + number + "</sup>";
    }

    /** The same for kernels that lack the same. */
    private static Optional<String> message(RunRecord run) {
        String release = run.kernel().release();
        return run.message()
                .map(why -> release.isEmpty() ? why : why.replace(release + " has no", "the kernel has no"));
    }
}
