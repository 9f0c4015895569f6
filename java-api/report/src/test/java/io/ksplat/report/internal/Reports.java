// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Task;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.NmiRecord;
import io.ksplat.results.RunLog;
import io.ksplat.results.RunRecord;
import io.ksplat.results.TimelineEvent;
import io.ksplat.results.Timings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Reports to draw. */
final class Reports {
    static final KernelName KERNEL =
            new KernelName("debian:7.2", "7.2.13+deb14-cloud-amd64", "7.2.13-cloud", Optional.of("0123456789ab"));
    static final String LOCK = "rcu_data.nocb_bypass_lock";
    static final String HOSTILE = "</title><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u202e\u0007";

    private Reports() {}

    static RunRecord run(String reproducer, int attempt, Verdict verdict, Verdict expected, Evidence... evidence) {
        return RunRecord.of(reproducer, KERNEL, attempt)
                .verdict(verdict)
                .expected(expected)
                .evidence(List.of(evidence))
                .controls(List.of(
                        Control.stimulus("nmi", 1, 1), Control.effect("dropped", verdict == Verdict.CLEAN ? 1 : 0, 1)))
                .timeline(List.of(
                        new TimelineEvent(1000, OptionalInt.empty(), "prepared", "7.2.13"),
                        new TimelineEvent(2100, OptionalInt.empty(), "evidence", "the first evidence was found")))
                .nmis(List.of(new NmiRecord(
                        "aimed at rcu_cblist_enqueue+0x0",
                        OptionalInt.of(0),
                        OptionalLong.of(0xffffffff81234567L),
                        Optional.of("rcu_cblist_enqueue+0x0"),
                        Optional.of(new Task("init", 113)),
                        OptionalLong.of(1900))))
                .timings(new Timings(OptionalLong.of(900), OptionalLong.empty(), OptionalLong.of(2100), 2500))
                .accelerator("tcg")
                .build();
    }

    /** An NMI that waits for what the task below it holds. */
    static Evidence nested(String lock, boolean inferred) {
        Task task = new Task("init", 113);
        return Evidence.builder(
                        EvidenceKind.CPU_STUCK, "CPU 0 stuck in native_queued_spin_lock_slowpath", "cpu-stuck:" + lock)
                .source(Source.OUTSIDE)
                .function("__call_rcu_common")
                .cpu(OptionalInt.of(0))
                .task(task)
                .locks(List.of(new LockRef(lock, Optional.of("ffff88800f836f00"), Optional.empty())))
                .cycle(List.of(
                        new CycleNode("NMI", OptionalInt.of(0), Optional.of(task), "the CPU", lock, false),
                        new CycleNode("task", OptionalInt.of(0), Optional.of(task), lock, "the CPU", inferred)))
                .stacks(List.of(new Stack(
                        OptionalInt.of(0),
                        "nmi",
                        List.of(
                                Frame.of("native_queued_spin_lock_slowpath", 0x13f)
                                        .asPointer(),
                                Frame.of("bpf_prog_07f92ad97ba536e1_on_nmi", 0x6b)
                                        .at("nmi_task_kptr.bpf.c", 67)))))
                .details(new Details.Waits(
                        List.of(new Details.Wait(
                                OptionalInt.of(0),
                                Optional.of(task),
                                "NMI",
                                new LockRef(lock, Optional.of("ffff88800f836f00"), Optional.empty()),
                                1,
                                OptionalInt.empty(),
                                Optional.of(new Details.Owner(
                                        "task",
                                        OptionalInt.of(0),
                                        Optional.of(task),
                                        "its stack shows it",
                                        inferred)))),
                        List.of()))
                .build();
    }

    /** Tasks, each of which waits for the next one's lock. */
    static Evidence ring(int locks) {
        List<CycleNode> cycle = new ArrayList<>();
        for (int i = 0; i < locks; i++) {
            cycle.add(new CycleNode(
                    "task",
                    OptionalInt.of(i),
                    Optional.of(new Task("worker", 100 + i)),
                    "lock-" + i,
                    "lock-" + (i + 1) % locks,
                    false));
        }
        return Evidence.builder(EvidenceKind.LOCKDEP_CIRCULAR, "possible circular locking dependency", "ring")
                .cycle(cycle)
                .build();
    }

    /** Writes the records, and what the kernel of each printed. */
    static Path write(Path folder, String console, RunRecord... runs) throws IOException {
        try (RunLog log = RunLog.in(folder)) {
            for (RunRecord run : runs) {
                Path files = log.begin(run.reproducer(), run.kernel(), run.attempt(), run.expected());
                Files.writeString(files.resolve("console.log"), console);
                log.end(run);
            }
        }
        return folder;
    }
}
