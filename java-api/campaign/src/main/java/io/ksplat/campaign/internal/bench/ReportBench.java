// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bench;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.NmiRecord;
import io.ksplat.results.RunLog;
import io.ksplat.results.RunRecord;
import io.ksplat.results.Timings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Measures the time that writing a report takes, without machines: runs that ended in a deadlock, with its evidence. */
public final class ReportBench {
    private static final KernelName KERNEL = new KernelName("debian:7.2", "7.2.0-bench", "7.2.0-bench");
    private static final int FRAMES = 24;

    /** A tenth of the runs shows whether the time grows with their number. */
    private static final int PART = 10;

    private ReportBench() {}

    /** Writes reports of a tenth of the runs, and of all of them. */
    public static Measurement measure(int runs, Path folder) throws IOException {
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put("runs", Integer.toString(runs));
        environment.put("java", System.getProperty("java.vm.version"));
        environment.put("load before", HostText.load());
        List<Evidence> evidence = List.of(deadlock());
        // What is loaded and compiled once counts for nothing.
        write(PART, evidence, folder.resolve("warm-up"));
        Figure part =
                new Figure("partMs", "ms", List.of(write(Math.max(1, runs / PART), evidence, folder.resolve("part"))));
        Figure all = new Figure("reportMs", "ms", List.of(write(runs, evidence, folder.resolve("all"))));
        environment.put("load after", HostText.load());
        return new Measurement(
                "report",
                environment,
                List.of(all, part),
                List.of(new Ratio("reportMs(N)/reportMs(N/10)", all.median() / part.median())));
    }

    private static double write(int runs, List<Evidence> evidence, Path folder) throws IOException {
        RunLog log = RunLog.in(folder);
        try (log) {
            for (int attempt = 1; attempt <= runs; attempt++) {
                log.begin("bench-report", KERNEL, attempt, Verdict.DEADLOCK);
                log.end(record(attempt, evidence));
            }
        }
        return log.writeNanos() / 1e6;
    }

    private static RunRecord record(int attempt, List<Evidence> evidence) {
        return RunRecord.of("bench-report", KERNEL, attempt)
                .verdict(Verdict.DEADLOCK)
                .expected(Verdict.DEADLOCK)
                .evidence(evidence)
                .controls(List.of(Control.stimulus("nmi", 1, 1), Control.effect("dropped", 1, 0)))
                .nmis(List.of(NmiRecord.of("aimed at rcu_cblist_enqueue+0x0")))
                .notes(List.of("NMI on CPU 0 at rcu_cblist_enqueue+0x0"))
                .timings(Timings.ofTotal(2500))
                .accelerator("tcg")
                .origin("template")
                .build();
    }

    private static Evidence deadlock() {
        List<Stack> stacks = new ArrayList<>();
        for (String context : List.of("nmi", "task", "task")) {
            List<Frame> frames = new ArrayList<>();
            for (int i = 0; i < FRAMES; i++) {
                frames.add(Frame.of("function_number_" + i, i).at("kernel/rcu/tree_nocb.h", 100 + i));
            }
            stacks.add(new Stack(OptionalInt.of(0), context, frames));
        }
        return Evidence.builder(
                        EvidenceKind.CPU_STUCK,
                        "CPU 0 stuck in native_queued_spin_lock_slowpath, taken in __call_rcu_common (nmi)",
                        "cpu-stuck:nmi:native_queued_spin_lock_slowpath<__call_rcu_common")
                .function("__call_rcu_common")
                .locks(List.of(
                        new LockRef("rcu_data.nocb_bypass_lock", Optional.of("ffff88800f833580"), Optional.empty())))
                .cycle(List.of(
                        new CycleNode("NMI", OptionalInt.of(0), "the CPU", "rcu_data.nocb_bypass_lock"),
                        new CycleNode("task", OptionalInt.of(0), "rcu_data.nocb_bypass_lock", "the CPU")))
                .stacks(stacks)
                .build();
    }
}
