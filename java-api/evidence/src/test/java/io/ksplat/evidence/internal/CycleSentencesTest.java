// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.ConsoleParser;
import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Task;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** What is told of the cycles that real kernels printed. */
class CycleSentencesTest {
    private static List<String> told(String golden) throws IOException {
        String name = "/golden/" + golden + ".log";
        try (InputStream in = Objects.requireNonNull(CycleSentencesTest.class.getResourceAsStream(name), name)) {
            return CycleSentences.of(ConsoleParser.parse(in.readAllBytes()).get(0));
        }
    }

    @Test
    void anNmiThatWantsWhatItInterrupted() throws IOException {
        assertThat(told("nmi-task-kptr-lockdep"))
                .containsExactly(
                        "Lockdep predicts: CPU 0: a task holds &obj_hash[i].lock, taken in __call_rcu_common.",
                        "CPU 0: an NMI interrupts it and wants the same lock in debug_object_activate, which cannot be released before it returns.");
    }

    @Test
    void anInterruptThatCameBefore() throws IOException {
        assertThat(told("lockdep-inconsistent-hardirq"))
                .containsExactly(
                        "Lockdep predicts: CPU 1: a task holds jiffies_lock, taken in meminfo_proc_show.",
                        "CPU 1: a hardirq interrupts it and wants the same lock in tick_periodic, which cannot be released before it returns.");
    }

    @Test
    void twoTasks() throws IOException {
        assertThat(told("lockdep-circular"))
                .containsExactly(
                        "Lockdep predicts: task READ_STAT/45 holds oom_adj_mutex, taken in show_stat, and wants text_mutex in show_stat.",
                        "Another task holds text_mutex and wants oom_adj_mutex in meminfo_proc_show.");
    }

    @Test
    void oneTask() throws IOException {
        assertThat(told("lockdep-recursive"))
                .containsExactly(
                        "Lockdep predicts: task READ_MEMINFO/45 holds text_mutex, taken in meminfo_proc_show, and wants it again in meminfo_proc_show.");
    }

    @Test
    void anInterruptAmongThree() throws IOException {
        assertThat(told("lockdep-irq-unsafe-order"))
                .containsExactly(
                        "Lockdep predicts: a task holds /sbin/poweroff.",
                        "An interrupt interrupts it and wants jiffies_lock in tick_periodic.",
                        "Another task holds jiffies_lock, taken in show_stat, and wants /sbin/poweroff in show_stat.");
    }

    /** What is seen from outside begins with the NMI, and names what is inferred. */
    @Test
    void theInterruptedComesFirst() {
        Evidence stuck = Evidence.builder(EvidenceKind.CPU_STUCK, "CPU 0 stuck", "cpu-stuck")
                .cycle(List.of(
                        new CycleNode("NMI", OptionalInt.of(0), "the CPU", "demo"),
                        new CycleNode(
                                "task",
                                OptionalInt.of(0),
                                Optional.of(new Task("init", 114)),
                                "demo",
                                "the CPU",
                                true)))
                .locks(List.of(new LockRef("demo", Optional.empty(), Optional.empty())
                        .withHeldAt("f")
                        .withWantedAt("g")))
                .build();
        assertThat(CycleSentences.of(stuck))
                .containsExactly(
                        "CPU 0: task init/114 holds demo (inferred), taken in f.",
                        "CPU 0: an NMI interrupts it and wants the same lock in g, which cannot be released before it returns.");
    }

    @Test
    void noCycleNoSentence() throws IOException {
        assertThat(told("soft-lockup-7.3")).isEmpty();
    }
}
