// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import com.fasterxml.jackson.databind.JsonNode;
import io.ksplat.evidence.Verdict;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What reproducers did on kernels, as a Markdown table out of {@code results.json}: a row for each reproducer, a column for each
 * kernel, the reasons below.
 */
public final class MarkdownTable {
    private final Map<String, Map<String, List<JsonNode>>> rows = new TreeMap<>();
    private final Set<String> kernels = new LinkedHashSet<>();
    private final List<String> reasons = new ArrayList<>();

    private MarkdownTable() {}

    /**
     * The table of several reports.
     *
     * @param results roots of {@code results.json}; where two have the same reproducer on the same kernel, the later one counts
     */
    public static String of(Collection<? extends JsonNode> results) {
        MarkdownTable table = new MarkdownTable();
        results.forEach(table::add);
        return table.text();
    }

    private void add(JsonNode results) {
        Map<String, Map<String, List<JsonNode>>> fresh = new LinkedHashMap<>();
        for (JsonNode run : results.path("runs")) {
            String kernel = run.path("kernel").path("spec").asText();
            kernels.add(kernel);
            fresh.computeIfAbsent(run.path("reproducer").asText(), id -> new LinkedHashMap<>())
                    .computeIfAbsent(kernel, spec -> new ArrayList<>())
                    .add(run);
        }
        fresh.forEach((id, cells) ->
                rows.computeIfAbsent(id, row -> new LinkedHashMap<>()).putAll(cells));
    }

    private String text() {
        StringBuilder text = new StringBuilder("| id | lock at stake |");
        kernels.forEach(kernel -> text.append(' ').append(kernel).append(" |"));
        text.append("\n|---|---|").append("---|".repeat(kernels.size())).append('\n');
        rows.forEach((id, cells) -> {
            text.append("| `").append(id).append("` | ").append(locks(cells)).append(" |");
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
        for (int i = 0; i < reasons.size(); i++) {
            text.append(i + 1).append(". ").append(reasons.get(i)).append('\n');
        }
        return text.toString();
    }

    /** Those of its deadlocks that have a name: a map's own lock has none. */
    private static String locks(Map<String, List<JsonNode>> cells) {
        Set<String> names = new TreeSet<>();
        for (List<JsonNode> runs : cells.values()) {
            for (JsonNode run : runs) {
                if (run.path("verdict").asText().equals(Verdict.DEADLOCK.name())) {
                    run.path("evidence")
                            .forEach(found -> found.path("locks")
                                    .forEach(lock -> names.add(lock.path("name").asText())));
                }
            }
        }
        return names.stream()
                .filter(name -> !name.startsWith("0x"))
                .map(name -> "`" + name + "`")
                .collect(Collectors.joining(", "));
    }

    private String cell(List<JsonNode> runs) {
        Map<String, Long> verdicts = runs.stream()
                .collect(Collectors.groupingBy(
                        run -> run.path("verdict").asText(), TreeMap::new, Collectors.counting()));
        Set<String> notes = new TreeSet<>();
        runs.forEach(run -> notes.add(note(run)));
        return verdicts.entrySet().stream()
                        .map(verdict ->
                                runs.size() == 1 ? verdict.getKey() : verdict.getValue() + " " + verdict.getKey())
                        .collect(Collectors.joining(", "))
                + String.join("", notes);
    }

    /** The number of the reason for a verdict that was expected; else what was. */
    private String note(JsonNode run) {
        String expected = run.path("expected").asText();
        if (!run.path("verdict").asText().equals(expected)) {
            return " **(expected " + expected + ")**";
        }
        String message = run.path("message")
                .asText()
                .replace(run.path("kernel").path("release").asText() + " has no", "the kernel has no");
        String reason = run.path("because").asText(message).replace("|", "\\|");
        if (reason.isEmpty()) {
            return "";
        }
        if (!reasons.contains(reason)) {
            reasons.add(reason);
        }
        return " <sup>" + (reasons.indexOf(reason) + 1) + "</sup>";
    }
}
