// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.pending;

import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.forensics.memory.KernelData;
import io.ksplat.machine.internal.qemu.GdbStub;
import io.ksplat.machine.internal.qemu.GuestMemory;
import io.ksplat.machine.internal.qemu.LittleEndian;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Finds armed {@code bpf_timer}s: those hrtimers whose function is {@code bpf_timer_cb} (kernel/bpf/helpers.c). They are soft timers
 * ({@code HRTIMER_MODE_REL_SOFT}), and a kernel has few others: while no CPU has a soft base with a timer, a word of each CPU's memory is
 * read and the machine runs on. Else it is stopped while the trees are walked.
 */
public final class PendingTimers implements Pending {
    /** include/linux/hrtimer_bases.h, enum hrtimer_base_type: the soft bases are the second half. */
    private static final int BASES = 8;

    private static final int FIRST_SOFT = 4;
    private static final int SOFT = 0xf0;

    /** No shift of a clocksource is larger than its word. */
    private static final int SHIFT = 63;

    /** The limit of a tree: more nodes are a loop in corrupted memory, or cannot be waited for. */
    private static final int MOST = 4096;

    private final VirtualMachine vm;
    private final KernelInfo kernel;
    private final Symbols symbols;

    public PendingTimers(VirtualMachine vm, KernelInfo kernel, Symbols symbols) {
        this.vm = vm;
        this.kernel = kernel;
        this.symbols = symbols;
    }

    /**
     * The kernel's CLOCK_MONOTONIC at its last tick (kernel/time/timekeeping.c, struct tk_read_base). What the ticks count, as
     * {@code tick_next_period} does, stays behind for ever in a machine whose host starved it while its timer was periodic.
     */
    @Override
    public OptionalLong guestNanos() throws IOException {
        OptionalLong fast = symbols.address("tk_fast_mono");
        if (fast.isEmpty() || !kernel.btf().hasMember("tk_fast", "base") || !hasReadBase()) {
            OptionalLong at = symbols.address("tick_next_period");
            return at.isPresent() ? word(at.getAsLong()) : at;
        }
        int base = kernel.btf().offsetOf("tk_read_base", "base");
        int fraction = kernel.btf().offsetOf("tk_read_base", "xtime_nsec");
        int shift = kernel.btf().offsetOf("tk_read_base", "shift");
        int length = Math.max(base, Math.max(fraction, shift)) + Long.BYTES;
        // At once: QEMU's monitor takes a millisecond of the machine's time for each question.
        return read(fast.getAsLong() + kernel.btf().offsetOf("tk_fast", "base"), length)
                .map(bytes -> ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN))
                .map(read ->
                        OptionalLong.of(read.getLong(base) + (read.getLong(fraction) >>> (read.getInt(shift) & SHIFT))))
                .orElse(OptionalLong.empty());
    }

    private boolean hasReadBase() {
        return kernel.btf().hasMember("tk_read_base", "base")
                && kernel.btf().hasMember("tk_read_base", "xtime_nsec")
                && kernel.btf().hasMember("tk_read_base", "shift");
    }

    @Override
    public boolean canTell() {
        return symbols.address("bpf_timer_cb").isEmpty()
                || (symbols.address("hrtimer_bases").isPresent()
                        && symbols.address("__per_cpu_offset").isPresent()
                        && kernel.btf().hasMember("hrtimer_cpu_base", "active_bases")
                        && kernel.btf().hasMember("hrtimer_cpu_base", "clock_base")
                        && kernel.btf().hasMember("hrtimer_clock_base", "active")
                        && kernel.btf().hasMember("hrtimer", "function"));
    }

    @Override
    public Optional<List<ArmedTimer>> timers() throws IOException {
        OptionalLong function = symbols.address("bpf_timer_cb");
        if (function.isEmpty()) {
            // Older than bpf_timer, or built without BPF.
            return Optional.of(List.of());
        }
        boolean soft = false;
        for (int cpu = 0; cpu < vm.config().cpus(); cpu++) {
            OptionalLong bases = active(cpu);
            if (bases.isEmpty()) {
                return Optional.empty();
            }
            soft |= (bases.getAsLong() & SOFT) != 0;
        }
        return soft ? walk(function.getAsLong()) : Optional.of(List.of());
    }

    private OptionalLong active(int cpu) throws IOException {
        OptionalLong symbol = symbols.address("hrtimer_bases");
        OptionalLong table = symbols.address("__per_cpu_offset");
        if (symbol.isEmpty() || table.isEmpty()) {
            return OptionalLong.empty();
        }
        OptionalLong offset = word(table.getAsLong() + (long) cpu * Long.BYTES);
        return offset.isEmpty()
                ? offset
                : word(symbol.getAsLong()
                        + offset.getAsLong()
                        + kernel.btf().offsetOf("hrtimer_cpu_base", "active_bases"));
    }

    /** Where every CPU is in user mode just now, none may map the kernel. */
    private Optional<byte[]> read(long address, int length) throws IOException {
        try {
            return Optional.of(vm.readVirtual(address, length));
        } catch (MachineException.Gone gone) {
            throw gone;
        } catch (MachineException notMapped) {
            return Optional.empty();
        }
    }

    private OptionalLong word(long address) throws IOException {
        return read(address, Long.BYTES)
                .map(bytes -> OptionalLong.of(LittleEndian.int64(bytes)))
                .orElse(OptionalLong.empty());
    }

    private Optional<List<ArmedTimer>> walk(long function) throws IOException {
        try (GdbStub gdb = vm.gdb()) {
            GuestMemory memory = (address, length) -> read(gdb, address, length);
            KernelData data =
                    new KernelData(symbols, kernel.btf(), memory, vm.config().cpus());
            Optional<List<ArmedTimer>> found = new Trees(data, function).timers();
            gdb.detach();
            return found;
        } catch (IOException e) {
            vm.resume();
            throw e;
        }
    }

    private byte[] read(GdbStub gdb, long address, int length) throws IOException {
        IOException failure = new IOException("this machine has no CPU");
        for (int cpu = 0; cpu < vm.config().cpus(); cpu++) {
            try {
                return gdb.read(cpu, address, length);
            } catch (MachineException.Gone gone) {
                throw gone;
            } catch (IOException e) {
                failure = e;
            }
        }
        throw failure;
    }

    /** The trees of one stopped machine. */
    private final class Trees {
        private final KernelData data;
        private final long wanted;
        private final Set<Long> seen = new HashSet<>();
        private final List<ArmedTimer> found = new ArrayList<>();
        private boolean whole = true;

        Trees(KernelData data, long wanted) {
            this.data = data;
            this.wanted = wanted;
        }

        Optional<List<ArmedTimer>> timers() {
            for (int cpu = 0; cpu < vm.config().cpus(); cpu++) {
                OptionalLong bases = data.perCpu("hrtimer_bases", cpu);
                for (int base = FIRST_SOFT; base < BASES; base++) {
                    tree(bases, base);
                }
            }
            return whole ? Optional.of(found) : Optional.empty();
        }

        private void tree(OptionalLong cpuBase, int base) {
            OptionalLong bases = in(cpuBase, "hrtimer_cpu_base", "clock_base");
            OptionalInt size = sizeOf("hrtimer_clock_base");
            OptionalLong clock = bases.isPresent() && size.isPresent()
                    ? OptionalLong.of(bases.getAsLong() + (long) base * size.getAsInt())
                    : OptionalLong.empty();
            OptionalLong head = in(clock, "hrtimer_clock_base", "active");
            // The root's node is the first word of every form of a head (include/linux/timerqueue_types.h).
            OptionalLong root = head.isPresent() ? data.word(head.getAsLong()) : head;
            if (root.isEmpty()) {
                whole = false;
                return;
            }
            // kernel/time/hrtimer.c: what a clock is ahead of the monotonic one.
            long ahead =
                    data.field(clock.orElse(0), "hrtimer_clock_base", "offset").orElse(0);
            Deque<Long> waiting = new ArrayDeque<>(List.of(root.getAsLong()));
            while (!waiting.isEmpty() && whole) {
                long node = waiting.pop();
                if (node == 0) {
                    continue;
                }
                OptionalLong left = data.field(node, "rb_node", "rb_left");
                OptionalLong right = data.field(node, "rb_node", "rb_right");
                if (left.isEmpty() || right.isEmpty() || !seen.add(node) || seen.size() > MOST) {
                    whole = false;
                    return;
                }
                waiting.push(left.getAsLong());
                waiting.push(right.getAsLong());
                timer(node, ahead);
            }
        }

        private void timer(long node, long ahead) {
            OptionalLong link = data.address(0, "hrtimer", "node");
            // Linked nodes since 7.2.
            String type = kernel.btf().hasType("timerqueue_linked_node") ? "timerqueue_linked_node" : "timerqueue_node";
            OptionalLong expires = data.field(node, type, "expires");
            long timer = node - link.orElse(0);
            OptionalLong function = data.field(timer, "hrtimer", "function");
            if (link.isEmpty() || expires.isEmpty() || function.isEmpty()) {
                whole = false;
                return;
            }
            if (function.getAsLong() == wanted) {
                found.add(new ArmedTimer(timer, expires.getAsLong() - ahead, callback(timer)));
            }
        }

        private Optional<String> callback(long timer) {
            OptionalLong inside = data.address(0, "bpf_hrtimer", "timer");
            if (inside.isEmpty()) {
                return Optional.empty();
            }
            long object = timer - inside.getAsLong();
            // Since 6.10 shared with bpf_wq.
            OptionalLong shared = data.field(object, "bpf_hrtimer", "cb.callback_fn");
            OptionalLong function = shared.isPresent() ? shared : data.field(object, "bpf_hrtimer", "callback_fn");
            return function.isPresent() ? symbols.at(function.getAsLong()).map(Symbol::name) : Optional.empty();
        }

        private OptionalLong in(OptionalLong object, String type, String member) {
            return object.isPresent() ? data.address(object.getAsLong(), type, member) : object;
        }

        private OptionalInt sizeOf(String type) {
            return kernel.btf().hasType(type) ? OptionalInt.of(kernel.btf().sizeOf(type)) : OptionalInt.empty();
        }
    }
}
