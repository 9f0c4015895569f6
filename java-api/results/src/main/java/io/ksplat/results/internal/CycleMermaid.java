// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Evidence;
import io.ksplat.results.RunRecord;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Who waits for whom, as a Mermaid graph, which GitHub and GitLab draw in Markdown. */
final class CycleMermaid {
    /** GitLab draws none that is longer. */
    private static final int MOST = 2000;

    private static final int LABEL = 60;

    private CycleMermaid() {}

    /** Returns the first cycle, of a run that is not as expected if one has a cycle, with the run that it is of; empty if there is none. */
    static String of(List<RunRecord> runs) {
        return Stream.concat(
                        runs.stream().filter(run -> !run.asExpected()),
                        runs.stream().filter(RunRecord::asExpected))
                .flatMap(run -> section(run).stream())
                .findFirst()
                .orElse("");
    }

    private static Optional<String> section(RunRecord run) {
        return run.evidence().stream()
                .map(Evidence::cycle)
                .filter(cycle -> !cycle.isEmpty())
                .findFirst()
                .map(cycle -> "#### Who waits for whom\n\n" + Markdown.code(shortened(run.reproducer())) + " on "
                        + Markdown.text(shortened(run.kernel().shortName())) + ", attempt " + run.attempt() + ":\n\n"
                        + drawn(cycle));
    }

    private static String drawn(List<CycleNode> cycle) {
        String graph = graph(cycle);
        return graph.length() < MOST
                ? "```mermaid\n" + graph + "```\n"
                : "A cycle of " + cycle.size() + ", too large for a graph here: see the page of the run.\n";
    }

    private static String graph(List<CycleNode> cycle) {
        StringBuilder text = new StringBuilder("flowchart LR\n");
        Map<String, String> things = new LinkedHashMap<>();
        for (CycleNode node : cycle) {
            for (String name : List.of(node.holds(), node.waitsFor())) {
                if (!things.containsKey(name)) {
                    things.put(name, "t" + things.size());
                    text.append("  ")
                            .append(things.get(name))
                            .append("[\"")
                            .append(label(name))
                            .append("\"]\n");
                }
            }
        }
        for (int i = 0; i < cycle.size() && text.length() < MOST; i++) {
            CycleNode node = cycle.get(i);
            text.append("  c").append(i).append("([\"").append(label(who(node))).append("\"])\n");
            text.append("  c").append(i).append(" -->|waits for| ").append(things.get(node.waitsFor()));
            text.append("\n  ").append(things.get(node.holds()));
            text.append(node.inferred() ? " -.->|held by, inferred| c" : " -->|held by| c")
                    .append(i)
                    .append('\n');
        }
        return text.toString();
    }

    private static String who(CycleNode node) {
        String task = node.task()
                .filter(of -> node.context().equals("task"))
                .map(of -> " " + of.comm() + "/" + of.pid())
                .orElse("");
        return node.context()
                + task
                + (node.cpu().isPresent() ? " on CPU " + node.cpu().getAsInt() : "");
    }

    /** A guest chose it: all but plain characters are written as their numbers, as Mermaid reads them. */
    private static String label(String text) {
        StringBuilder label = new StringBuilder();
        shortened(text).codePoints().forEach(c -> {
            boolean plain =
                    c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || " ._-+/:".indexOf(c) >= 0;
            if (plain) {
                label.appendCodePoint(c);
            } else {
                label.append('#').append(c).append(';');
            }
        });
        return label.toString();
    }

    private static String shortened(String text) {
        return text.length() <= LABEL ? text : text.substring(0, LABEL - 3) + "...";
    }
}
