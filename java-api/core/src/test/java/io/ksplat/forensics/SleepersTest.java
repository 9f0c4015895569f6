// SPDX-License-Identifier: Apache-2.0
package io.ksplat.forensics;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Task;
import io.ksplat.guest.Guest;
import io.ksplat.guest.Pace;
import io.ksplat.guest.Templates;
import io.ksplat.guest.TestMachines;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.Symbols;
import io.ksplat.report.EvidenceText;
import io.ksplat.vm.Deadline;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tasks that sleep for a mutex or an rw_semaphore, in real kernels, which tell nobody of it for two minutes. */
@Tag("machine")
@Timeout(180)
class SleepersTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    private record Hung(Task waiter, Task holder) {}

    @ParameterizedTest
    @CsvSource({
        "debian:6.1, mutex",
        "debian:6.12, rwsem",
        "debian:6.16, mutex",
        "debian:7.2, mutex",
        "debian:7.2, rwsem",
    })
    void theOwnerOfASleepingLockIsRead(String kernel, String kind) throws Exception {
        TestMachines machines = new TestMachines(kernel);
        try (Guest guest = start(machines)) {
            Hung hung = hang(guest, kind);
            Evidence found =
                    autopsy(machines, guest).ofSleepers(List.of(hung.waiter)).orElseThrow();
            System.out.println(EvidenceText.of(found));

            assertThat(found.kind()).isEqualTo(EvidenceKind.HUNG_TASK);
            assertThat(found.source()).isEqualTo(Source.OUTSIDE);
            Details.Wait wait = ((Details.Waits) found.details()).waits().get(0);
            assertThat(wait.task()).contains(hung.waiter);
            assertThat(wait.cpu()).isEmpty();
            assertThat(wait.owner())
                    .contains(new Details.Owner(
                            "task", OptionalInt.empty(), Optional.of(hung.holder), "the lock names its owner", false));
            // Who holds it waits for the page that nobody brings: for no lock, so that there is one wait, two stacks,
            // and no cycle.
            assertThat(((Details.Waits) found.details()).waits()).hasSize(1);
            assertThat(found.cycle()).isEmpty();
            assertThat(found.stacks()).hasSize(2);
            assertThat(functions(found.stacks().get(0))).contains("schedule");
            assertThat(functions(found.stacks().get(0)))
                    .anyMatch(function ->
                            function.startsWith(kind.equals("mutex") ? "__mutex_lock" : "rwsem_down_write_slowpath"));
            assertThat(functions(found.stacks().get(1))).contains("handle_userfault");
            assertThat(found.stacks())
                    .allSatisfy(stack -> assertThat(functions(stack)).contains("do_syscall_64"));
        }
    }

    @Test
    void whoSleepsForNoLockIsNoEvidence() throws Exception {
        TestMachines machines = new TestMachines();
        try (Guest guest = start(machines)) {
            Hung hung = hang(guest, "mutex");
            assertThat(autopsy(machines, guest).ofSleepers(List.of(hung.holder)))
                    .isEmpty();
        }
    }

    private static List<String> functions(Stack stack) {
        return stack.frames().stream().filter(Frame::certain).map(Names::base).toList();
    }

    private Guest start(TestMachines machines) throws Exception {
        return new Templates(machines.host(), machines.cache())
                .start(machines.facts().kernel(), machines.config(), folder.resolve("console.log"), 0, Progress.NONE)
                .guest();
    }

    private static Autopsy autopsy(TestMachines machines, Guest guest) throws Exception {
        Symbols symbols = machines.facts().symbols();
        SourceFrames sources = new SourceFrames(machines.facts().kernel(), symbols, List.of());
        return new Autopsy(guest.vm(), machines.facts(), symbols, sources, machines.cache());
    }

    /** Starts a task that holds a lock and one that waits for it, and waits until it sleeps. */
    private Hung hang(Guest guest, String kind) throws Exception {
        guest.agent().writeProgram("/hold_lock", Files.readAllBytes(compiled()));
        int holder = guest.spawn(0, "/hold_lock", kind, "/held").pid();
        Deadline deadline = Deadline.in(PATIENCE);
        // The waiter is the holder's only child.
        String children = "/proc/" + holder + "/task/" + holder + "/children";
        String child = "";
        while (child.isEmpty() || !stat(guest, child).contains(" D ")) {
            assertThat(deadline.expired()).as("nobody waits for the lock").isFalse();
            Pace.pause();
            child = new String(guest.agent().readFile(children), StandardCharsets.US_ASCII).strip();
        }
        return new Hung(new Task("waiter", Integer.parseInt(child)), new Task("holder", holder));
    }

    private static String stat(Guest guest, String pid) throws Exception {
        return new String(guest.agent().readFile("/proc/" + pid + "/stat"), StandardCharsets.US_ASCII);
    }

    private Path compiled() throws Exception {
        Path program = folder.resolve("hold_lock");
        Process gcc = new ProcessBuilder(
                        "gcc",
                        "-static",
                        "-O1",
                        "-Wall",
                        "-Werror",
                        "-o",
                        program.toString(),
                        "src/test/resources/guest/hold_lock.c")
                .inheritIO()
                .start();
        assertThat(gcc.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(gcc.exitValue()).isZero();
        return program;
    }
}
