// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunRecord;
import io.ksplat.results.Timings;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.BiFunction;

/** A trial on scripted kernels, for tests of what draws conclusions from runs. */
public final class ScriptedKernels implements Trial {
    public static final String ID = "some-bug";
    private final BiFunction<KernelSpec, Integer, RunRecord> script;
    private final List<String> asked = new ArrayList<>();

    /** @param script gives the record of a kernel's attempt */
    public ScriptedKernels(BiFunction<KernelSpec, Integer, RunRecord> script) {
        this.script = script;
    }

    @Override
    public synchronized List<RunRecord> run(KernelSpec kernel, int attempt) {
        asked.add(kernel.toString());
        return List.of(script.apply(kernel, attempt));
    }

    /** Returns the kernels that were run, in order. */
    public List<String> asked() {
        return asked;
    }

    public static RunRecord deadlock(KernelSpec kernel, int attempt, String signature) {
        return record(
                kernel,
                attempt,
                Verdict.DEADLOCK,
                List.of(new Evidence(
                        EvidenceKind.CPU_STUCK,
                        "CPU 0 stuck in " + signature,
                        signature,
                        List.of(),
                        List.of(),
                        List.of(),
                        Source.OUTSIDE,
                        OptionalDouble.empty())),
                List.of(Control.stimulus("nmi", 1, 1)));
    }

    public static RunRecord clean(KernelSpec kernel, int attempt) {
        return record(
                kernel,
                attempt,
                Verdict.CLEAN,
                List.of(),
                List.of(
                        Control.stimulus("nmi", 1, 1),
                        Control.effect("dropped", 1, 1),
                        Control.effect("freed:x", 1, 1)));
    }

    /** Returns a run in which NMIs came and the reference was dropped, but nothing was freed. */
    public static RunRecord leak(KernelSpec kernel, int attempt) {
        return record(
                kernel,
                attempt,
                Verdict.INCONCLUSIVE,
                List.of(),
                List.of(
                        Control.stimulus("nmi", 1, 1),
                        Control.effect("dropped", 1, 1),
                        Control.effect("freed:x", 1, 0)));
    }

    /** Returns a run in which no NMI reached the machine: the harness itself failed. */
    public static RunRecord missed(KernelSpec kernel, int attempt) {
        return record(
                kernel,
                attempt,
                Verdict.INCONCLUSIVE,
                List.of(),
                List.of(
                        Control.stimulus("nmi", 1, 0),
                        Control.effect("dropped", 1, 0),
                        Control.effect("freed:x", 1, 0)));
    }

    /** Returns a run in which only {@code failed} failed. */
    public static RunRecord failing(KernelSpec kernel, int attempt, Control failed) {
        return record(
                kernel,
                attempt,
                Verdict.INCONCLUSIVE,
                List.of(),
                List.of(failed, Control.effect("dropped", 1, 1), Control.effect("freed:x", 1, 1)));
    }

    public static RunRecord error(KernelSpec kernel, int attempt) {
        return record(kernel, attempt, Verdict.ERROR, List.of(), List.of());
    }

    private static RunRecord record(
            KernelSpec kernel, int attempt, Verdict verdict, List<Evidence> evidence, List<Control> controls) {
        return RunRecord.of(ID, new KernelName(kernel.toString(), kernel + "-release", "key"), attempt)
                .verdict(verdict)
                .expected(Verdict.CLEAN)
                .evidence(evidence)
                .controls(controls)
                .timings(new Timings(OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty(), 1))
                .accelerator("tcg")
                .origin("template")
                .build();
    }
}
