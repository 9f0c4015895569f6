// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind.Meaning;
import io.ksplat.evidence.Task;
import java.util.List;
import java.util.Optional;

/**
 * The kernel reports a task that hangs or keeps its CPU again and again: a hung one up to ten times by default
 * (kernel.hung_task_warnings), a soft lockup as long as it lasts (kernel/watchdog.c).
 */
public final class RepeatedHangs {
    private RepeatedHangs() {}

    private record Key(String signature, Optional<Task> task, Object source) {}

    /** Returns the evidence with the reports of one task's stall as one, which counts them and has lasted as long as the last says. */
    public static List<Evidence> together(List<Evidence> evidence) {
        return Repetitions.together(
                evidence,
                found -> Optional.of(new Key(found.signature(), found.task(), found.source()))
                        .filter(key -> found.kind().meaning() == Meaning.STALL
                                && key.task().isPresent()),
                (first, again) -> Repetitions.counted(first, again).build());
    }
}
