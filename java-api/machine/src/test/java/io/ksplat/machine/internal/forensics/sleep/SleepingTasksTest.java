// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Findings;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Task;
import io.ksplat.evidence.Verdict;
import io.ksplat.evidence.internal.sleep.SeenTask;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.AgentException;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.OutsideView.SleepFindings;
import io.ksplat.machine.internal.OutsideView.Sleepers;
import io.ksplat.machine.internal.Poll;
import io.ksplat.machine.internal.TestMachines;
import io.ksplat.machine.internal.forensics.HangAnalysis;
import io.ksplat.machine.internal.forensics.memory.KernelData;
import io.ksplat.machine.internal.forensics.memory.SymbolNames;
import io.ksplat.machine.internal.forensics.memory.Tasks;
import io.ksplat.machine.internal.qemu.GdbStub;
import io.ksplat.results.internal.EvidenceText;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tasks that sleep for ever, in real kernels, which tell nobody of it for two minutes. */
@Tag("machine")
@Timeout(180)
class SleepingTasksTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** After its count (struct rw_semaphore, include/linux/rwsem.h); a mutex begins with its owner. */
    private static final int OWNER_OF_RWSEM = 8;

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
        try (Guest guest = machines.restore(folder)) {
            Hung hung = hang(guest, kind, "/held");
            Evidence found = only(machines.analysis(guest), hung.waiter);
            System.out.println(EvidenceText.of(found));

            assertThat(found.kind()).isEqualTo(EvidenceKind.TASK_BLOCKED);
            assertThat(found.source()).isEqualTo(Source.OUTSIDE);
            Details.Wait wait = ((Details.Waits) found.details()).waits().get(0);
            assertThat(wait.task()).contains(hung.waiter);
            assertThat(wait.cpu()).isEmpty();
            assertThat(wait.owner())
                    .contains(new Details.Owner(
                            "task", OptionalInt.empty(), Optional.of(hung.holder), "the lock names its owner", false));
            // Who holds it waits for the page that nobody brings: for no lock, so that there is no cycle.
            assertThat(((Details.Waits) found.details()).waits())
                    .extracting(Details.Wait::task)
                    .containsExactly(Optional.of(hung.waiter), Optional.of(hung.holder));
            assertThat(((Details.Waits) found.details()).waits().get(1).owner()).isEmpty();
            assertThat(found.cycle()).isEmpty();
            assertThat(found.stacks()).hasSize(2);
            assertThat(functions(found.stacks().get(0))).contains("schedule");
            assertThat(functions(found.stacks().get(0)))
                    .anyMatch(function ->
                            function.startsWith(kind.equals("mutex") ? "__mutex_lock" : "rwsem_down_write_slowpath"));
            assertThat(functions(found.stacks().get(1))).contains("handle_userfault");
            assertThat(found.stacks())
                    .allSatisfy(stack -> assertThat(functions(stack)).contains("do_syscall_64"));

            // One that is offered the mutex does not hold it yet, and the last of the readers may be gone.
            try (GdbStub gdb = guest.vm().gdb()) {
                write(gdb, wait.lock(), wait.word() | (kind.equals("mutex") ? 4 : 1));
            }
            Evidence unowned = only(machines.analysis(guest), hung.waiter);
            assertThat(((Details.Waits) unowned.details()).waits())
                    .extracting(Details.Wait::owner)
                    .containsExactly(Optional.empty());
            assertThat(unowned.stacks()).hasSize(1);
        }
    }

    /** Where locks have other sizes, and lockdep keeps books, in which the lock that a task has yet to get is written already. */
    @Test
    @Tag("lockdep")
    void theOwnerIsReadWhereLocksAreDebugged() throws Exception {
        TestMachines machines = new TestMachines(TestMachines.LOCKDEP);
        try (Guest guest = machines.restore(folder)) {
            Hung hung = hang(guest, "tty", "/dev/ttyS0");
            Evidence found = only(machines.analysis(guest), hung.waiter);
            System.out.println(EvidenceText.of(found));

            assertThat(found.locks()).extracting(LockRef::name).startsWith("&ldata->atomic_read_lock");
            Details.Waits waits = (Details.Waits) found.details();
            assertThat(waits.waits())
                    .extracting(Details.Wait::task)
                    .containsExactly(Optional.of(hung.waiter), Optional.of(hung.holder));
            assertThat(waits.waits().get(0).owner().flatMap(Details.Owner::task))
                    .contains(hung.holder);
            assertThat(lastHeld(waits, hung.holder)).contains("&ldata->atomic_read_lock");
            assertThat(lastHeld(waits, hung.waiter)).contains("&tty->ldisc_sem");
            assertThat(functions(found.stacks().get(0))).contains("n_tty_read", "do_syscall_64");
        }
    }

    private static Optional<String> lastHeld(Details.Waits waits, Task task) {
        return waits.holding().stream()
                .filter(holding -> holding.task().equals(task))
                .map(holding ->
                        holding.locks().get(holding.locks().size() - 1).lock().name())
                .findFirst();
    }

    /** No program can have a kernel's tasks wait for each other's mutexes, so that the owners are written from outside. */
    @Test
    void tasksThatWaitForEachOtherAreACycle() throws Exception {
        TestMachines machines = new TestMachines();
        try (Guest guest = machines.restore(folder)) {
            Hung one = hang(guest, "mutex", "/one");
            Hung other = hang(guest, "mutex", "/other");
            HangAnalysis analysis = machines.analysis(guest);
            LockRef ones = only(analysis, one.waiter).locks().get(0);
            LockRef others = only(analysis, other.waiter).locks().get(0);
            try (GdbStub gdb = guest.vm().gdb()) {
                own(machines, gdb, ones, other.waiter);
                own(machines, gdb, others, one.waiter);
            }
            Evidence found = only(analysis, one.waiter);
            assertThat(found.cycle())
                    .containsExactly(
                            new CycleNode("task", OptionalInt.empty(), others.name(), ones.name())
                                    .with(Optional.of(one.waiter)),
                            new CycleNode("task", OptionalInt.empty(), ones.name(), others.name())
                                    .with(Optional.of(other.waiter)));
            assertThat(found.locks()).extracting(LockRef::name).containsExactly(ones.name(), others.name());
            assertThat(found.locks())
                    .extracting(lock -> lock.owner().orElseThrow().task().orElseThrow())
                    .containsExactly(other.waiter, one.waiter);
            assertThat(((Details.Waits) found.details()).waits())
                    .extracting(wait -> wait.owner().orElseThrow().task().orElseThrow())
                    .containsExactly(other.waiter, one.waiter);
        }
    }

    private static void own(TestMachines machines, GdbStub gdb, LockRef lock, Task owner) throws Exception {
        KernelData data = new KernelData(
                machines.facts().symbols(),
                machines.facts().btf(),
                (address, length) -> gdb.read(0, address, length),
                2);
        long task = new Tasks(data).withPid(owner.pid()).orElseThrow();
        write(gdb, lock, task | 1);
    }

    private static void write(GdbStub gdb, LockRef lock, long owner) throws Exception {
        long offset = lock.name().startsWith("rw_semaphore") ? OWNER_OF_RWSEM : 0;
        gdb.write(0, Long.parseUnsignedLong(lock.address().orElseThrow(), 16) + offset, word(owner));
    }

    private static byte[] word(long value) {
        return ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
    }

    /** Explains one task. */
    private static Evidence only(HangAnalysis analysis, Task task) throws Exception {
        return explained(analysis, task, true).evidence().get(0);
    }

    private static SleepFindings explained(HangAnalysis analysis, Task task, boolean watched) throws Exception {
        List<SeenTask> tasks = analysis.tasks();
        long id = tasks.stream()
                .filter(seen -> seen.task().equals(task))
                .findFirst()
                .orElseThrow()
                .id();
        Set<Long> still = tasks.stream()
                .filter(seen -> !seen.isRunnable())
                .map(SeenTask::id)
                .collect(Collectors.toSet());
        return analysis.ofSleepers(new Sleepers(Set.of(id), still, watched));
    }

    /** The whole list, with what is known of each task, while user code runs on every CPU, which does not map the kernel. */
    @Test
    @Tag("lockdep")
    void everyTaskIsSeenOnABuiltKernel() throws Exception {
        everyTaskIsSeen(TestMachines.LOCKDEP);
    }

    @ParameterizedTest
    @ValueSource(strings = {"debian:6.1", "debian:6.12", "debian:7.2"})
    void everyTaskIsSeen(String kernel) throws Exception {
        TestMachines machines = new TestMachines(kernel);
        try (Guest guest = machines.restore(folder)) {
            int parked = guest.spawnParked(0).pid();
            String spinner = TestMachines.spinner(guest);
            guest.spawn(0, spinner);
            int busy = guest.spawn(1, spinner).pid();
            long start = System.nanoTime();
            List<SeenTask> tasks = machines.analysis(guest).tasks();
            System.out.println(
                    tasks.size() + " tasks of " + kernel + " in " + (System.nanoTime() - start) / 1000 + " us");

            assertThat(tasks).extracting(SeenTask::id).doesNotHaveDuplicates();
            assertThat(tasks).extracting(seen -> seen.task().pid()).contains(0, 1, 2, parked, busy);
            // The agent has a heart for each CPU, and every kernel a thread that is pinned to each.
            assertThat(tasks)
                    .filteredOn(seen -> seen.task().comm().equals("init"))
                    .hasSizeGreaterThanOrEqualTo(3);
            assertThat(tasks)
                    .filteredOn(seen -> seen.task().comm().startsWith("migration/"))
                    .hasSize(2)
                    .allMatch(SeenTask::isKernelThread);
            assertThat(tasks).filteredOn(seen -> seen.task().pid() == busy).allMatch(SeenTask::isRunnable);
            assertThat(tasks)
                    .filteredOn(SeenTask::isUninterruptible)
                    .as("tasks of an idle machine that look blocked")
                    .isEmpty();
            // The machine goes on.
            assertThat(guest.everyCpuBeats(2, PATIENCE)).isTrue();
            assertThat(machines.analysis(guest).tasks())
                    .anySatisfy(seen -> assertThat(seen.switches())
                            .isGreaterThan(tasks.stream()
                                    .filter(before -> before.id() == seen.id())
                                    .findFirst()
                                    .map(SeenTask::switches)
                                    .orElse(Long.MAX_VALUE)));
        }
    }

    @Test
    void whoSleepsForNoLockIsExplainedAsFarAsItCanBe() throws Exception {
        TestMachines machines = new TestMachines();
        try (Guest guest = machines.restore(folder)) {
            Hung hung = hang(guest, "mutex", "/held");
            Evidence found = only(machines.analysis(guest), hung.holder);
            assertThat(found.cycle()).isEmpty();
            assertThat(found.title()).contains("handle_userfault");
            assertThat(explained(machines.analysis(guest), hung.waiter, false).evidence())
                    .as("before the whole watch has passed")
                    .isEmpty();
        }
    }

    /** A parent of vfork() sleeps until its child calls exec; one whose child lives has a good reason. */
    @ParameterizedTest
    @ValueSource(strings = {"debian:6.1", "debian:7.2"})
    void aParentOfVforkHasAGoodReason(String kernel) throws Exception {
        TestMachines machines = new TestMachines(kernel);
        try (Guest guest = machines.restore(folder)) {
            guest.agent().writeProgram("/sleepers", Files.readAllBytes(compiled("sleepers")));
            int parent = guest.spawn(0, "/sleepers", "vfork").pid();
            Task task = new Task("sleepers", parent);
            awaitSleep(guest, parent, "D");
            SleepFindings found = explained(machines.analysis(guest), task, true);
            assertThat(found.evidence()).isEmpty();
            assertThat(found.deadlock()).isFalse();
        }
    }

    /** The owner of a lock is no task any more; no program can do that, so that the owner is written from outside. */
    @Test
    void anOwnerThatHasExitedIsADeadlock() throws Exception {
        TestMachines machines = new TestMachines();
        try (Guest guest = machines.restore(folder)) {
            Hung hung = hang(guest, "mutex", "/held");
            Evidence before = only(machines.analysis(guest), hung.waiter);
            assertThat(new Findings(List.of(before), List.of(), true).verdict()).isEqualTo(Verdict.INCONCLUSIVE);
            try (GdbStub gdb = guest.vm().gdb()) {
                // Inside of a task, where none begins.
                write(gdb, before.locks().get(0), (before.locks().get(0).value().orElseThrow() & -8) + 64);
            }
            SleepFindings after = explained(machines.analysis(guest), hung.waiter, false);
            assertThat(after.deadlock()).isTrue();
            assertThat(new Findings(after.evidence(), List.of(), true).verdict())
                    .isEqualTo(Verdict.DEADLOCK);
        }
    }

    /**
     * A reader, a writer behind it, and the reader again, which only a bug of the kernel does: so that here the reader's first hold
     * is one that another task had when it was overwritten.
     */
    @Test
    void awaitedReadersAreNotTakenForOthers() throws Exception {
        TestMachines machines = new TestMachines();
        try (Guest guest = machines.restore(folder)) {
            Hung hung = hang(guest, "rwsem", "/held");
            Evidence found = only(machines.analysis(guest), hung.waiter);
            try (GdbStub gdb = guest.vm().gdb()) {
                LockRef lock = found.locks().get(0);
                long address = Long.parseUnsignedLong(lock.address().orElseThrow(), 16);
                // One reader and waiters (RWSEM_READER_BIAS, RWSEM_FLAG_WAITERS); the holder is the last reader.
                gdb.write(0, address, word(0x102));
                write(gdb, lock, lock.value().orElseThrow() | 1);
            }
            Evidence read = only(machines.analysis(guest), hung.waiter);
            System.out.println(EvidenceText.of(read));
            assertThat(read.cycle()).isEmpty();
            Details.Owner owner =
                    ((Details.Waits) read.details()).waits().get(0).owner().orElseThrow();
            assertThat(owner.task()).contains(hung.holder);
            assertThat(owner.inferred()).isTrue();
        }
    }

    private static List<String> functions(Stack stack) {
        return stack.frames().stream()
                .filter(Frame::certain)
                .map(SymbolNames::base)
                .toList();
    }

    /** Starts a task that holds a lock and one that waits for it, and waits until it sleeps. */
    private Hung hang(Guest guest, String kind, String file) throws Exception {
        String program = "/hold_lock_of_" + Path.of(file).getFileName();
        guest.agent().writeProgram(program, Files.readAllBytes(compiled("hold_lock")));
        int holder = guest.spawn(0, program, kind, file).pid();
        Deadline deadline = Deadline.in(PATIENCE);
        Pattern asleep = Pattern.compile("(\\d+) \\(waiter\\) " + (kind.equals("tty") ? "S " : "D ") + holder + " ");
        while (true) {
            for (int pid = holder + 1; pid < holder + 20; pid++) {
                Matcher stat = asleep.matcher(proc(guest, pid, "stat"));
                if (stat.lookingAt() && isOffCpuForTheLock(guest, pid)) {
                    return new Hung(new Task("waiter", Integer.parseInt(stat.group(1))), new Task("holder", holder));
                }
            }
            assertThat(deadline.expired()).as("nobody waits for the lock").isFalse();
            Poll.pause();
        }
    }

    /** A task says that it sleeps before it leaves its CPU, after which the kernel knows a place where it waits; before, it polled. */
    private static boolean isOffCpuForTheLock(Guest guest, int pid) throws Exception {
        String where = proc(guest, pid, "wchan");
        return !where.isEmpty() && !where.equals("0") && !where.contains("poll");
    }

    /** Of a process that is not there, nothing. */
    private static String proc(Guest guest, int pid, String file) throws Exception {
        try {
            return new String(guest.agent().readFile("/proc/" + pid + "/" + file), StandardCharsets.US_ASCII);
        } catch (AgentException e) {
            return "";
        }
    }

    /** Waits until a task sleeps in a state. */
    private static void awaitSleep(Guest guest, int pid, String state) throws Exception {
        Deadline deadline = Deadline.in(PATIENCE);
        while (!proc(guest, pid, "stat").contains(") " + state + " ")) {
            assertThat(deadline.expired()).as("task " + pid + " does not sleep").isFalse();
            Poll.pause();
        }
    }

    private Path compiled(String name) throws Exception {
        Path program = folder.resolve(name);
        Process gcc = new ProcessBuilder(
                        "gcc",
                        "-static",
                        "-pthread",
                        "-O1",
                        "-Wall",
                        "-Werror",
                        "-o",
                        program.toString(),
                        "src/test/resources/guest/" + name + ".c")
                .inheritIO()
                .start();
        assertThat(gcc.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(gcc.exitValue()).isZero();
        return program;
    }
}
