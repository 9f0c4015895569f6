// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.locks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.bpf.internal.libbpf.KernelBtf;
import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.LockRef;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.arch.FrameCursor;
import io.ksplat.machine.internal.forensics.locks.LockGraph.Waiting;
import io.ksplat.machine.internal.forensics.memory.KernelData;
import io.ksplat.machine.internal.forensics.unwind.ContextStack;
import io.ksplat.machine.internal.forensics.unwind.StackWalk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** Owners that no memory tells, as on kernels without lock debugging: inferred where one context alone can be it, else unknown. */
class LockGraphTest {
    private static final long PAGE = 4096;
    private static final long PER_CPU_OFFSETS = 0xffffffff82000000L;
    private static final long PREEMPT_COUNT = 0xffffffff82001000L;
    private static final String KALLSYMS = """
            ffffffff81000000 T _text
            ffffffff82000000 D __per_cpu_offset
            ffffffff82001000 D __preempt_count
            """;

    /** NMI_OFFSET and HARDIRQ_OFFSET, and that there is no need to reschedule (PREEMPT_NEED_RESCHED, inverted). */
    private static final int IN_NMI = 0x8011_0000;

    private static final ContextStack IDLE_1 = stack(1, "task", "default_idle", "do_idle", "start_secondary");

    private final List<ContextStack> stacks = new ArrayList<>();
    private final List<Waiting> waits = new ArrayList<>();
    private int[] preemptCounts = {};

    private static ContextStack stack(int cpu, String context, String... functions) {
        List<StackWalk.Step> steps = new ArrayList<>();
        for (String function : functions) {
            Frame frame = function.startsWith("? ")
                    ? Frame.of(function.substring(2), 0).uncertain()
                    : Frame.of(function, 0);
            steps.add(new StackWalk.Step(frame, 0, FrameCursor.Next.CALLER));
        }
        return new ContextStack(cpu, context, steps);
    }

    private LockGraphTest runs(ContextStack stack) {
        stacks.add(stack);
        return this;
    }

    /** Its taker is the third function. */
    private LockGraphTest waits(ContextStack stack, String lock) {
        stacks.add(stack);
        waits.add(new Waiting(
                stack,
                new Lock(
                        lock.hashCode(),
                        new LockRef(lock, Optional.empty(), Optional.empty()),
                        1,
                        OptionalLong.empty(),
                        OptionalLong.empty(),
                        OptionalInt.empty()),
                2));
        return this;
    }

    private LockGraph graph() throws IOException {
        // A BTF without types.
        byte[] btf = ByteBuffer.allocate(25)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0x0001eb9f)
                .putInt(24)
                .putInt(0)
                .putInt(0)
                .putInt(0)
                .putInt(1)
                .array();
        Symbols symbols = Symbols.parse(KALLSYMS.getBytes(UTF_8));
        KernelData data = new KernelData(
                symbols,
                KernelBtf.parse(btf),
                (address, length) -> {
                    ByteBuffer page = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
                    if (preemptCounts.length == 0) {
                        throw new IOException("not mapped");
                    } else if (address == PER_CPU_OFFSETS) {
                        page.putLong(PAGE).putLong(2 * PAGE);
                    } else {
                        page.putInt(preemptCounts[address == PREEMPT_COUNT + PAGE ? 0 : 1]);
                    }
                    return page.array();
                },
                2);
        return new LockGraph(data, stacks, waits);
    }

    private static CycleNode node(String context, int cpu, String holds, String waitsFor, boolean inferred) {
        return new CycleNode(context, OptionalInt.of(cpu), holds, waitsFor, inferred);
    }

    private static ContextStack spinning(int cpu, String context, String... callers) {
        List<String> functions = new ArrayList<>(List.of("native_queued_spin_lock_slowpath", "_raw_spin_lock"));
        functions.addAll(List.of(callers));
        return stack(cpu, context, functions.toArray(String[]::new));
    }

    @Test
    void anNmiWaitsForWhatTheInterruptedContextHolds() throws Exception {
        waits(spinning(0, "nmi", "__call_rcu_common", "exc_nmi"), "L")
                .runs(stack(0, "task", "rcu_cblist_enqueue", "__call_rcu_common", "dput"))
                .runs(IDLE_1);
        assertThat(graph().cycle())
                .containsExactly(node("NMI", 0, "the CPU", "L", false), node("task", 0, "L", "the CPU", true));
    }

    @Test
    void compilersPartsOfOneFunctionAreThatFunction() throws Exception {
        waits(spinning(0, "nmi", "take.part.0", "exc_nmi"), "L")
                .runs(stack(0, "task", "inner", "take.constprop.0", "outer"))
                .runs(IDLE_1);
        assertThat(graph().cycle()).hasSize(2);
    }

    @Test
    void aTaskCanWaitForWhatItHoldsItself() throws Exception {
        waits(spinning(0, "task", "update", "trampoline", "update", "syscall"), "L")
                .runs(IDLE_1);
        assertThat(graph().cycle()).containsExactly(node("task", 0, "L", "L", true));
    }

    @Test
    void twoCpusWaitForEachOther() throws Exception {
        waits(spinning(0, "task", "take_b", "take_a", "syscall"), "B")
                .waits(spinning(1, "task", "take_a", "take_b", "syscall"), "A");
        assertThat(graph().cycle()).containsExactly(node("task", 0, "A", "B", true), node("task", 1, "B", "A", true));
    }

    @Test
    void whoElseWaitsForTheSameLockDoesNotHoldIt() throws Exception {
        waits(spinning(1, "task", "take", "kthread"), "L")
                .waits(spinning(0, "nmi", "take", "exc_nmi"), "L")
                .runs(stack(0, "task", "inner", "take", "syscall"));
        LockGraph graph = graph();
        assertThat(graph.cycle())
                .containsExactly(node("NMI", 0, "the CPU", "L", false), node("task", 0, "L", "the CPU", true));
        assertThat(graph.cpusOfCycle()).containsExactly(0);
        assertThat(graph.details().waits().get(0).cpu()).hasValue(0);
    }

    @Test
    void whereEveryOtherCpuIsIdleOnlyTheInterruptedContextIsLeft() throws Exception {
        waits(spinning(0, "nmi", "__queue_work", "exc_nmi"), "L")
                .runs(stack(0, "task", "process_one_work", "worker_thread"))
                .runs(IDLE_1);
        assertThat(graph().cycle()).hasSize(2);
    }

    @Test
    void theOwnerIsUnknownWhereAnotherCpuMayBeIt() throws Exception {
        waits(spinning(0, "nmi", "__queue_work", "exc_nmi"), "L")
                .runs(stack(0, "task", "process_one_work", "worker_thread"))
                .runs(stack(1, "task", "something", "syscall"));
        assertUnknown();
    }

    @Test
    void theOwnerIsUnknownWhereTwoContextsMayBeIt() throws Exception {
        waits(spinning(0, "nmi", "take", "exc_nmi"), "L")
                .runs(stack(0, "task", "take", "syscall"))
                .runs(stack(1, "task", "take", "syscall"));
        assertUnknown();
    }

    @Test
    void theOwnerIsUnknownWhereNobodyMayBeIt() throws Exception {
        waits(spinning(0, "task", "take", "syscall"), "L").runs(IDLE_1);
        assertUnknown();
    }

    @Test
    void anUncertainFrameProvesNothing() throws Exception {
        waits(spinning(0, "nmi", "take", "exc_nmi"), "L")
                .runs(stack(0, "task", "inner", "? take", "syscall"))
                .runs(stack(1, "task", "something", "syscall"));
        assertUnknown();
    }

    private void assertUnknown() throws IOException {
        LockGraph graph = graph();
        assertThat(graph.cycle()).isEmpty();
        assertThat(graph.details().waits()).extracting(Details.Wait::owner).containsExactly(Optional.empty());
        assertThat(graph.locks()).extracting(LockRef::name).containsExactly("L");
    }

    private LockGraphTest counts(int cpu0, int cpu1) {
        preemptCounts = new int[] {cpu0, cpu1};
        return this;
    }

    private LockGraphTest aWorkerIsInterrupted() {
        return waits(spinning(0, "nmi", "__queue_work", "exc_nmi"), "L")
                .runs(stack(0, "task", "process_one_work", "worker_thread"))
                .runs(stack(1, "task", "something", "syscall"));
    }

    @Test
    void whoHasNotDisabledPreemptionHoldsNoSpinLock() throws Exception {
        aWorkerIsInterrupted().counts(IN_NMI | 2, 0x8000_0000);
        assertThat(graph().cycle())
                .containsExactly(node("NMI", 0, "the CPU", "L", false), node("task", 0, "L", "the CPU", true));
    }

    @Test
    void whoHasDisabledPreemptionMayHoldASpinLock() throws Exception {
        aWorkerIsInterrupted().counts(IN_NMI | 2, 0x8000_0001);
        assertUnknown();
    }

    @Test
    void anInterruptedTaskThatMayBePreemptedIsNotTheOwner() throws Exception {
        aWorkerIsInterrupted().counts(IN_NMI | 1, 0x8000_0000);
        assertUnknown();
    }

    @Test
    void aKernelThatDoesNotCountSaysNothing() throws Exception {
        aWorkerIsInterrupted().counts(IN_NMI, 0x8000_0000);
        assertUnknown();
    }

    @Test
    void whoIsAboutToTakeALockDoesNotHoldIt() throws Exception {
        waits(spinning(0, "nmi", "take", "exc_nmi"), "L")
                .runs(stack(0, "task", "inner", "take", "syscall"))
                .runs(stack(1, "task", "take", "syscall"))
                .counts(IN_NMI | 2, 0x8000_0000);
        assertThat(graph().cycle()).hasSize(2);
    }
}
