// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.results.RunRecord;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Tells which reproducers have another verdict, or another mismatch, on one kernel than on another. */
final class VerdictDifferences {
    private VerdictDifferences() {}

    /** Returns counts for each kernel, and a line for each reproducer that differs; empty with one kernel. */
    static String of(List<RunRecord> runs) {
        Map<String, Map<String, String>> answers = new TreeMap<>();
        Map<String, Map<String, Integer>> counts = new LinkedHashMap<>();
        for (RunRecord run : runs) {
            String kernel = run.kernel().spec();
            answers.computeIfAbsent(run.reproducer(), id -> new LinkedHashMap<>())
                    .put(kernel, answer(run));
            counts.computeIfAbsent(kernel, spec -> new TreeMap<>()).merge(word(run), 1, Integer::sum);
        }
        if (counts.size() < 2) {
            return "";
        }
        List<String> lines = new ArrayList<>();
        counts.forEach((kernel, words) -> lines.add(kernel + ": " + words));
        answers.forEach((id, byKernel) -> {
            Set<String> distinct = new LinkedHashSet<>(byKernel.values());
            if (distinct.size() > 1) {
                lines.add(id + " differs:");
                byKernel.forEach((kernel, answer) -> lines.add("  " + kernel + ": " + answer));
            }
        });
        return String.join("\n", lines) + "\n";
    }

    private static String word(RunRecord run) {
        return run.asExpected() ? String.valueOf(run.verdict()) : run.verdict() + ", not as expected";
    }

    private static String answer(RunRecord run) {
        return word(run)
                + run.mismatch().map(what -> ": " + what).orElse("")
                + (run.asExpected()
                        ? ""
                        : run.message()
                                .map(why -> ": " + why.lines().findFirst().orElse(""))
                                .orElse(""));
    }
}
