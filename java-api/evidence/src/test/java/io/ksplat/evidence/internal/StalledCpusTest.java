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
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
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

    /** It waited, got the lock, and computes with interrupts off since. */
    @Test
    void saysNothingOfACpuThatHasGoneOnSinceItWaited() {
        Evidence waited = report(EvidenceKind.RCU_STALL, Source.CONSOLE, WAITS);
        Stack computes = stack(1, "queue_stack_map_push_elem", "bpf_prog_x");
        Evidence later = report(EvidenceKind.RCU_STALL, Source.CONSOLE, computes);
        assertThat(StalledCpus.stuck(List.of(waited, later), Set.of(1), List.of()))
                .isEmpty();
        assertThat(StalledCpus.stuck(List.of(waited), Set.of(1), List.of(computes)))
                .isEmpty();
        assertThat(StalledCpus.stuck(List.of(later, waited), Set.of(1), List.of(computes, WAITS)))
                .isPresent();
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

    @Test
    void saysWhichCpusAreStuckAndWhere() {
        List<Evidence> stall = List.of(report(EvidenceKind.SOFT_LOCKUP, Source.CONSOLE, WAITS));
        Evidence one = StalledCpus.stuck(stall, Set.of(1), List.of()).orElseThrow();
        assertThat(one.title())
                .isEqualTo("CPU 1 is stuck in native_queued_spin_lock_slowpath, as the kernel reports,"
                        + " and its heart stands still");
        assertThat(one.signature()).isEqualTo("cpu-stuck:queue_stack_map_push_elem");
        assertThat(one.source()).isEqualTo(Source.OUTSIDE);

        Stack other = stack(0, "queued_write_lock_slowpath", "_raw_write_lock", "do_exit");
        Evidence two = StalledCpus.stuck(stall, Set.of(1, 0), List.of(other)).orElseThrow();
        assertThat(two.title())
                .isEqualTo("CPUs [0, 1] are stuck in native_queued_spin_lock_slowpath, as the kernel reports,"
                        + " and their hearts stand still");
        assertThat(two.cpu()).as("of the one that is reported").hasValue(1);
    }

    /** Its signature is that of the bug: the others wait behind it. */
    @Test
    void theReportedCpusComeFirstAndThoseThatAskLast() {
        Stack reported = stack(7, "queued_spin_lock_slowpath", "_raw_spin_lock", "first_wants");
        Stack later = stack(8, "queued_spin_lock_slowpath", "_raw_spin_lock", "later_wants");
        Stack asks = stack(0, "smp_call_function_single", "on_each_cpu");
        Stack waits2 = stack(2, "queued_spin_lock_slowpath", "_raw_spin_lock", "second");
        Stack waits3 = stack(3, "queued_spin_lock_slowpath", "_raw_spin_lock", "third");
        Evidence stuck = StalledCpus.stuck(
                        List.of(
                                report(EvidenceKind.HARD_LOCKUP, Source.CONSOLE, later),
                                report(EvidenceKind.RCU_STALL, Source.CONSOLE, reported)),
                        new LinkedHashSet<>(List.of(8, 7, 3, 2, 0)),
                        List.of(waits3, asks, waits2))
                .orElseThrow();
        assertThat(stuck.stacks()).containsExactly(reported, later, waits2, waits3, asks);
        assertThat(stuck.function()).contains("first_wants");
    }

    /** What was printed for the report belongs to it; where it was asked for later, the CPU may have moved within the slow path. */
    @Test
    void theFirstStackOfACpuCounts() {
        Stack again = stack(1, "queued_spin_lock_slowpath", "_raw_spin_lock", "somebody_else");
        List<Evidence> stall = List.of(report(EvidenceKind.RCU_STALL, Source.CONSOLE, WAITS, again));
        assertThat(StalledCpus.stuck(stall, Set.of(1), List.of(again))
                        .orElseThrow()
                        .stacks())
                .containsExactly(WAITS);
    }

    @Test
    void aStackOfNoCpuShowsNothing() {
        Stack nobody = new Stack(OptionalInt.empty(), "task", WAITS.frames());
        assertThat(StalledCpus.stuck(
                        List.of(report(EvidenceKind.RCU_STALL, Source.CONSOLE, nobody)), Set.of(1), List.of()))
                .isEmpty();
        assertThat(StalledCpus.stuck(
                        List.of(report(EvidenceKind.RCU_STALL, Source.CONSOLE, nobody, WAITS)), Set.of(1), List.of()))
                .isPresent();
    }

    @Test
    void anInterruptOnTopIsNotWhoWantedTheLock() {
        Stack interrupted =
                stack(1, "handle_irq", "asm_common_interrupt", "queued_spin_lock_slowpath", "_raw_spin_lock", "wants");
        assertThat(StalledCpus.stuck(
                                List.of(report(EvidenceKind.RCU_STALL, Source.CONSOLE, interrupted)),
                                Set.of(1),
                                List.of())
                        .orElseThrow()
                        .function())
                .contains("wants");
    }

    @Test
    void withoutACallerTheLockItselfIsNamed() {
        Stack alone = new Stack(
                OptionalInt.of(1),
                "task",
                List.of(
                        Frame.of("asm_sysvec_apic_timer_interrupt", 1),
                        Frame.of("queued_read_lock_slowpath", 1),
                        Frame.of("_raw_read_lock", 1),
                        Frame.of("an_earlier_call", 1).uncertain()));
        assertThat(StalledCpus.stuck(
                                List.of(report(EvidenceKind.RCU_STALL, Source.CONSOLE, alone)), Set.of(1), List.of())
                        .orElseThrow()
                        .function())
                .contains("queued_read_lock_slowpath");
    }

    /** Only the function in which the CPU is tells that it asks: a stale or an inlined frame before it does not count. */
    @Test
    void aCpuAsksWhoseInnermostFunctionAsks() {
        List<Evidence> stall = List.of(report(EvidenceKind.RCU_STALL, Source.CONSOLE, WAITS));
        Frame asks = Frame.of("smp_call_function_many_cond", 16);
        Frame inlined =
                new Frame("csd_lock_wait", OptionalLong.empty(), Optional.empty(), OptionalInt.empty(), true, true);
        Stack behind = new Stack(
                OptionalInt.of(2),
                "task",
                List.of(Frame.of("an_earlier_call", 1).uncertain(), inlined, asks));
        assertThat(StalledCpus.stuck(stall, Set.of(1, 2), List.of(behind))).isPresent();
        Stack stale = new Stack(OptionalInt.of(2), "task", List.of(asks.uncertain(), Frame.of("seq_read_iter", 1)));
        assertThat(StalledCpus.stuck(stall, Set.of(1, 2), List.of(stale))).isEmpty();
    }
}
