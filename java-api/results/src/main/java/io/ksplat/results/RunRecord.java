// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Verdict;
import java.util.List;
import java.util.Optional;

/**
 * One run of one reproducer on one kernel, as {@code results.json} keeps it.
 *
 * @param attempt counted from 1
 * @param bootRetries boots that failed before one succeeded
 * @param message why, in one line, where the verdict needs a word: ERROR, UNSUPPORTED, REJECTED, INCONCLUSIVE
 * @param notes facts of the run for people: where the NMIs landed, what was ignored
 * @param accelerator {@code kvm} or {@code tcg}, empty where no machine was started
 * @param origin {@code boot} or {@code template}
 * @param nmis the NMI sources that were used, a line each: {@code aimed at SYMBOL+0x0 on CPU 0}, {@code storm of 100/s, jitter 0.5, seed 7}
 * @param because why {@code expected} is, in one line, where the reproducer says so
 */
public record RunRecord(
        String reproducer,
        KernelName kernel,
        int attempt,
        int bootRetries,
        Verdict verdict,
        Verdict expected,
        Optional<String> message,
        List<Evidence> evidence,
        List<Control> controls,
        List<String> notes,
        Timings timings,
        String accelerator,
        String origin,
        List<String> nmis,
        Optional<String> because) {
    public RunRecord {
        nmis = List.copyOf(nmis);
        evidence = List.copyOf(evidence);
        controls = List.copyOf(controls);
        notes = List.copyOf(notes);
    }

    /** A run without NMIs, of which nobody says why it is to end so. */
    public RunRecord(
            String reproducer,
            KernelName kernel,
            int attempt,
            int bootRetries,
            Verdict verdict,
            Verdict expected,
            Optional<String> message,
            List<Evidence> evidence,
            List<Control> controls,
            List<String> notes,
            Timings timings,
            String accelerator,
            String origin) {
        this(
                reproducer,
                kernel,
                attempt,
                bootRetries,
                verdict,
                expected,
                message,
                evidence,
                controls,
                notes,
                timings,
                accelerator,
                origin,
                List.of(),
                Optional.empty());
    }

    /** Returns whether the harness failed. */
    public boolean isError() {
        return verdict == Verdict.ERROR;
    }

    public boolean asExpected() {
        return verdict == expected;
    }
}
