// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Findings;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Verdict;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;

class StalledCpusTest {
    private static Stack stack(int cpu, String... functions) {
        return new Stack(
                OptionalInt.of(cpu),
                "task",
                Arrays.stream(functions).map(name -> Frame.of(name, 16)).toList());
    }

    private static Evidence report(EvidenceKind kind, Source source, Stack... stacks) {
        return Evidence.builder(kind, "a stall", "stall")
                .stacks(List.of(stacks))
                .source(source)
                .build();
    }

    private static final Stack WAITS = stack(
            1, "native_queued_spin_lock_slowpath", "_raw_spin_lock_irqsave", "queue_stack_map_push_elem", "bpf_prog_x");

    private static Verdict verdict(List<Evidence> found) {
        return new Findings(found, List.of(), false, Findings.Visibility.CONSOLE_ONLY).verdict();
    }

    @Test
    void saysThatACpuIsStuckWhichTheKernelShowsInASlowPath() {
        Evidence stall = report(EvidenceKind.RCU_STALL, Source.CONSOLE, WAITS);
        assertThat(verdict(List.of(stall))).isEqualTo(Verdict.INCONCLUSIVE);
        Evidence stuck = StalledCpus.stuck(List.of(stall), Set.of(1), List.of()).orElseThrow();
        assertThat(stuck.kind()).isEqualTo(EvidenceKind.CPU_STUCK);
        assertThat(stuck.function()).contains("queue_stack_map_push_elem");
        assertThat(stuck.cpu()).hasValue(1);
        assertThat(verdict(List.of(stall, stuck))).isEqualTo(Verdict.DEADLOCK);
    }

    /** A starved machine reports stalls as well, and its hearts go on. */
    @Test
    void saysNothingOfACpuThatBeats() {
        assertThat(StalledCpus.stuck(
                        List.of(report(EvidenceKind.RCU_STALL, Source.CONSOLE, WAITS)), Set.of(), List.of()))
                .isEmpty();
        assertThat(StalledCpus.stuck(
                        List.of(report(EvidenceKind.RCU_STALL, Source.CONSOLE, WAITS)), Set.of(0), List.of()))
                .isEmpty();
    }

    /** It may hold the lock, and come back. */
    @Test
    void saysNothingWhereAnotherHeartStandsStillElsewhere() {
        Evidence stall =
                report(EvidenceKind.HARD_LOCKUP, Source.CONSOLE, WAITS, stack(0, "meminfo_proc_show", "seq_read_iter"));
        assertThat(StalledCpus.stuck(List.of(stall), Set.of(0, 1), List.of())).isEmpty();
        assertThat(StalledCpus.stuck(List.of(stall), Set.of(1), List.of())).isPresent();
    }

    /** A flush of a TLB on 7.3.4, beside a CPU that had deadlocked with its interrupts off, and one that waits for what the flush holds. */
    @Test
    void aCpuThatWaitsForTheAnswerOfOneThatIsStuckDoesNotComeBack() {
        List<Evidence> stall = List.of(report(EvidenceKind.RCU_STALL, Source.CONSOLE, WAITS));
        Stack flushes = stack(2, "smp_call_function_many_cond", "flush_tlb_mm_range", "ptep_clear_flush");
        Stack other = stack(3, "queued_spin_lock_slowpath", "pte_offset_map_lock");
        Evidence stuck = StalledCpus.stuck(stall, Set.of(1, 2, 3), List.of(flushes, other))
                .orElseThrow();

        assertThat(stuck.stacks()).containsExactly(WAITS, other, flushes);
        assertThat(stuck.function()).contains("queue_stack_map_push_elem");
        assertThat(verdict(List.of(stuck))).isEqualTo(Verdict.DEADLOCK);
    }

    /** Whoever it waits for may be one that computes. */
    @Test
    void aCpuThatWaitsForAnAnswerIsNoEvidenceItself() {
        Stack flushes = stack(2, "smp_call_function_many_cond", "flush_tlb_mm_range");
        Stack busy = stack(1, "meminfo_proc_show", "seq_read_iter");
        for (List<Stack> stacks : List.of(List.of(flushes), List.of(flushes, busy))) {
            Evidence stall = report(EvidenceKind.RCU_STALL, Source.CONSOLE, stacks.toArray(Stack[]::new));
            assertThat(StalledCpus.stuck(List.of(stall), Set.of(1, 2), stacks)).isEmpty();
            assertThat(StalledCpus.stuck(List.of(stall), Set.of(2), stacks)).isEmpty();
        }
        Evidence stall = report(EvidenceKind.RCU_STALL, Source.CONSOLE, WAITS);
        assertThat(StalledCpus.stuck(
                        List.of(stall),
                        Set.of(1, 2),
                        List.of(stack(2, "seq_read_iter", "smp_call_function_many_cond"))))
                .isEmpty();
    }

    /** The number is an address, another one in each boot. */
    @Test
    void aTrampolineIsNotWhoWantedTheLock() {
        Evidence stall = report(
                EvidenceKind.RCU_STALL,
                Source.CONSOLE,
                stack(
                        1,
                        "queued_spin_lock_slowpath",
                        "bpf_trampoline_6442512003",
                        "_raw_spin_lock_irqsave",
                        "queue_stack_map_push_elem"));
        assertThat(StalledCpus.stuck(List.of(stall), Set.of(1), List.of())
                        .orElseThrow()
                        .function())
                .contains("queue_stack_map_push_elem");
    }

    @Test
    void saysNothingOfACpuThatIsBusy() {
        assertThat(StalledCpus.stuck(
                        List.of(report(
                                EvidenceKind.SOFT_LOCKUP,
                                Source.CONSOLE,
                                stack(1, "meminfo_proc_show", "seq_read_iter"))),
                        Set.of(1),
                        List.of()))
                .isEmpty();
    }

    /** The kernel marks with a question mark what may be left of an earlier call. */
    @Test
    void believesNoStaleFrame() {
        Stack stale = new Stack(
                OptionalInt.of(1),
                "task",
                List.of(
                        Frame.of("meminfo_proc_show", 1),
                        Frame.of("queued_spin_lock_slowpath", 1).uncertain()));
        assertThat(StalledCpus.stuck(
                        List.of(report(EvidenceKind.RCU_STALL, Source.CONSOLE, stale)), Set.of(1), List.of()))
                .isEmpty();
    }

    @Test
    void believesTheKernelsReportsOfStallsAlone() {
        assertThat(StalledCpus.stuck(
                        List.of(report(EvidenceKind.WARNING, Source.CONSOLE, WAITS)), Set.of(1), List.of()))
                .isEmpty();
        assertThat(StalledCpus.stuck(
                        List.of(report(EvidenceKind.RCU_STALL, Source.PROGRAM, WAITS)), Set.of(1), List.of()))
                .isEmpty();
    }

    /** RCU's detector passes over a CPU that had reported before it was stuck. */
    @Test
    void believesOfACpuThatNoDetectorReportsWhatTheKernelSaysWhenAsked() {
        List<Evidence> stall = List.of(report(EvidenceKind.RCU_STALL, Source.CONSOLE, WAITS));
        Stack other = stack(3, "queued_write_lock_slowpath", "_raw_write_lock", "do_exit");
        assertThat(StalledCpus.stuck(stall, Set.of(1, 3), List.of())).isEmpty();
        assertThat(StalledCpus.stuck(stall, Set.of(1, 3), List.of(stack(3, "meminfo_proc_show"))))
                .isEmpty();
        assertThat(StalledCpus.stuck(stall, Set.of(1, 3), List.of(other))
                        .orElseThrow()
                        .stacks())
                .containsExactlyInAnyOrder(WAITS, other);
    }

    @Test
    void makesNoStallOfTheAnswerAlone() {
        assertThat(StalledCpus.stuck(List.of(), Set.of(1), List.of(WAITS))).isEmpty();
    }
}
