// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Findings;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import io.ksplat.results.Timings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a second attempt says of a crash; the total time is that of both. */
public final class CrashConfirmation {
    private CrashConfirmation() {}

    /** Whether the second shows what made the first a crash; a title may name other tasks and addresses. */
    public static boolean of(List<Evidence> first, List<Evidence> second) {
        return new Findings(first, List.of(), true)
                .decisive(Verdict.CRASH).stream()
                        .anyMatch(one -> second.stream()
                                .anyMatch(other -> one.kind() == other.kind()
                                        && one.signature().equals(other.signature())));
    }

    public static RunRecord confirmed(RunRecord first, Path folder, long totalMs) {
        return with(
                first,
                Verdict.CRASH,
                first.message(),
                "seen again on a freshly booted machine under TCG (" + folder + ")",
                totalMs);
    }

    public static RunRecord refuted(RunRecord first, RunRecord second, Path folder, long totalMs) {
        String seen = second.verdict() + second.message().map(why -> ": " + why).orElse("");
        return with(
                first.toBuilder().mismatch(Optional.empty()).build(),
                Verdict.INCONCLUSIVE,
                Optional.of("a crash that a freshly booted machine under TCG did not show again"),
                "the second attempt was " + seen + " (" + folder + ")",
                totalMs);
    }

    private static RunRecord with(RunRecord run, Verdict verdict, Optional<String> message, String note, long totalMs) {
        List<String> notes = new ArrayList<>(run.notes());
        notes.add(note);
        return run.toBuilder()
                .verdict(verdict)
                .message(message)
                .notes(notes)
                .timings(new Timings(
                        run.timings().bootMs(),
                        run.timings().restoreMs(),
                        run.timings().firstEvidenceMs(),
                        totalMs))
                .build();
    }
}
