// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;

/** Runs in words. */
public final class RunText {
    private static final Set<Verdict> BUGS = EnumSet.of(Verdict.DEADLOCK, Verdict.RECOVERED, Verdict.CRASH);

    /** Of each of the two stacks: as many frames as a terminal shows. */
    private static final int FRAMES = 16;

    private static final int STACKS = 2;

    private RunText() {}

    /** Returns what a failed test says of a run: how the verdict differs, and the evidence in brief. */
    public static String failure(RunRecord run, Path folder) {
        StringBuilder text = new StringBuilder();
        text.append(run.reproducer())
                .append(" on ")
                .append(
                        run.kernel().release().isEmpty()
                                ? run.kernel().spec()
                                : run.kernel().release())
                .append(": ")
                .append(difference(run.expected(), run.verdict()));
        run.message().ifPresent(message -> text.append(": ").append(message));
        text.append('\n');
        run.evidence().forEach(found -> text.append(EvidenceText.brief(found)));
        run.evidence().stream()
                .map(Evidence::stacks)
                .filter(stacks -> !stacks.isEmpty())
                .findFirst()
                .ifPresent(stacks ->
                        stacks.stream().limit(STACKS).forEach(stack -> text.append(EvidenceText.of(stack, FRAMES))));
        run.controls()
                .forEach(control -> text.append("control ")
                        .append(control.name())
                        .append(": ")
                        .append(control.observed())
                        .append(" of ")
                        .append(control.required())
                        .append('\n'));
        return text.append("all of it: ").append(folder).toString();
    }

    /** The two ways to be wrong are not alike: one is news of the kernel, the other of the test. */
    private static String difference(Verdict expected, Verdict verdict) {
        String both = "expected " + expected + ", but the verdict is " + verdict;
        if (BUGS.contains(verdict) && !BUGS.contains(expected)) {
            return "a bug was seen that was not expected (" + both + ")";
        }
        if (BUGS.contains(expected) && !BUGS.contains(verdict)) {
            return "the bug that was expected was not seen (" + both + ")";
        }
        return both;
    }
}
