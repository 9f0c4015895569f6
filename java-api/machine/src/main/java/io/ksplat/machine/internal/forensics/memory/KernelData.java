// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.memory;

import io.ksplat.bpf.BtfType;
import io.ksplat.bpf.internal.libbpf.KernelBtf;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.qemu.GuestMemory;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Reads a stopped kernel's data by its own types. Whatever cannot be read, or has another form in this kernel, is empty: the guest
 * is not trusted. Not thread-safe.
 */
public final class KernelData {
    /** 16 MiB. */
    private static final int MOST_PAGES = 4096;

    private static final int MOST_TEXT = 64;
    private static final int WORD = Long.BYTES;

    private final Symbols symbols;
    private final KernelBtf btf;
    private final CachedMemory memory;
    private final int cpus;
    private final Map<String, Optional<BtfType.Member>> members = new HashMap<>();

    public KernelData(Symbols symbols, KernelBtf btf, GuestMemory memory, int cpus) {
        this.symbols = symbols;
        this.btf = btf;
        this.memory = new CachedMemory(memory, MOST_PAGES);
        this.cpus = cpus;
    }

    public Symbols symbols() {
        return symbols;
    }

    public KernelBtf btf() {
        return btf;
    }

    /** Returns the number of CPUs. */
    public int cpus() {
        return cpus;
    }

    /** Returns the 64 bits at an address. */
    public OptionalLong word(long address) {
        return memory.word(address);
    }

    OptionalInt unsignedByte(long address) {
        int value = memory.unsignedByte(address);
        return value < 0 ? OptionalInt.empty() : OptionalInt.of(value);
    }

    /** Returns the 32 bits at an address. */
    public OptionalInt half(long address) {
        return memory.half(address);
    }

    /** Returns printable ASCII text up to its zero byte; empty if there is none. */
    public Optional<String> text(long address) {
        return text(address, MOST_TEXT);
    }

    /** Does the same for text that may be as long as {@code most}, its zero byte included. */
    Optional<String> text(long address, int most) {
        byte[] bytes = new byte[most];
        for (int length = 0; length < most; length++) {
            int letter = memory.unsignedByte(address + length);
            if (letter == 0 && length > 0) {
                return Optional.of(new String(bytes, 0, length, StandardCharsets.US_ASCII));
            }
            if (letter < ' ' || letter > '~') {
                return Optional.empty();
            }
            bytes[length] = (byte) letter;
        }
        return Optional.empty();
    }

    /** Returns the value of a 64-bit variable. */
    OptionalLong variable(String name) {
        OptionalLong at = symbols.address(name);
        return at.isPresent() ? memory.word(at.getAsLong()) : at;
    }

    /** Returns the address of a member of an object. */
    public OptionalLong address(long object, String type, String member) {
        return member(type, member)
                .filter(found -> !found.bitfield())
                .map(found -> OptionalLong.of(object + found.offset()))
                .orElse(OptionalLong.empty());
    }

    /** Returns a member's value: an integer of up to 8 bytes, zero-extended, a bitfield, or a pointer. */
    public OptionalLong field(long object, String type, String member) {
        Optional<BtfType.Member> found = member(type, member);
        if (found.isEmpty()) {
            return OptionalLong.empty();
        }
        BtfType.Member m = found.get();
        int bits = m.bitfield() ? m.bitSize() : 8 * m.type().size();
        int start = m.bitOffset() & 7;
        if (bits <= 0 || bits + start > Long.SIZE) {
            return OptionalLong.empty();
        }
        OptionalLong word = memory.word(object + m.bitOffset() / 8);
        return word.isPresent()
                ? OptionalLong.of(word.getAsLong() << (Long.SIZE - bits - start) >>> (Long.SIZE - bits))
                : word;
    }

    private Optional<BtfType.Member> member(String type, String member) {
        return members.computeIfAbsent(type + "." + member, name -> find(type, member));
    }

    private Optional<BtfType.Member> find(String type, String member) {
        try {
            return btf.hasMember(type, member) ? Optional.of(btf.member(type, member)) : Optional.empty();
        } catch (NoSuchElementException | IllegalArgumentException e) {
            // Several types of one name that differ: it is unknown which one is meant.
            return Optional.empty();
        }
    }

    /** Returns the offset from a per-CPU variable's symbol to a CPU's copy (arch/x86/kernel/setup_percpu.c). */
    OptionalLong perCpuOffset(int cpu) {
        OptionalLong table = symbols.address("__per_cpu_offset");
        return table.isPresent() ? memory.word(table.getAsLong() + (long) cpu * WORD) : table;
    }

    /** Returns the address of a CPU's copy of a per-CPU variable. */
    public OptionalLong perCpu(String variable, int cpu) {
        OptionalLong symbol = symbols.address(variable);
        OptionalLong offset = perCpuOffset(cpu);
        return symbol.isPresent() && offset.isPresent()
                ? OptionalLong.of(symbol.getAsLong() + offset.getAsLong())
                : OptionalLong.empty();
    }

    /** The per-CPU variable at an address. */
    public record PerCpu(Symbol variable, int cpu, long offset) {}

    /** Returns the per-CPU variable at an address, and of which CPU. */
    public Optional<PerCpu> perCpuAt(long address) {
        OptionalLong start = symbols.address("__per_cpu_start");
        OptionalLong end = symbols.address("__per_cpu_end");
        for (int cpu = 0; cpu < cpus && start.isPresent() && end.isPresent(); cpu++) {
            OptionalLong offset = perCpuOffset(cpu);
            long linked = address - offset.orElse(0);
            if (offset.isPresent()
                    && Long.compareUnsigned(linked, start.getAsLong()) >= 0
                    && Long.compareUnsigned(linked, end.getAsLong()) < 0) {
                int on = cpu;
                return symbols.covering(linked).map(found -> new PerCpu(found, on, linked - found.address()));
            }
        }
        return Optional.empty();
    }

    /** Returns the task that runs on a CPU. */
    public OptionalLong currentTask(int cpu) {
        OptionalLong at = hot("current_task", "current_task", cpu);
        return at.isPresent() ? memory.word(at.getAsLong()) : at;
    }

    /** Returns where a CPU's {@code preempt_count} is. */
    public OptionalLong preemptCount(int cpu) {
        return hot("__preempt_count", "preempt_count", cpu);
    }

    /** Finds a variable of its own that was a member of {@code pcpu_hot} for some releases (arch/x86/include/asm/current.h). */
    private OptionalLong hot(String variable, String member, int cpu) {
        OptionalLong at = perCpu(variable, cpu);
        OptionalLong hot = at.isEmpty() ? perCpu("pcpu_hot", cpu) : at;
        return at.isEmpty() && hot.isPresent() ? address(hot.getAsLong(), "pcpu_hot", member) : at;
    }
}
