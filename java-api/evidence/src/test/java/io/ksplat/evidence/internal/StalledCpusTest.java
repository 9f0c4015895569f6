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
