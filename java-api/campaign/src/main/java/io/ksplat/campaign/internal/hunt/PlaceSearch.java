// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.campaign.internal.sweep.FrozenMachine;
import io.ksplat.campaign.internal.sweep.SteppedPath;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Aim;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.qemu.GuestMemory;
import io.ksplat.machine.internal.qemu.LittleEndian;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;

/**
 * Finds where a program can be attached on the way of an operation: at the functions that ftrace can patch, and at the
 * static branches of tracepoints. Both are read from the frozen machine, so nothing depends on a list of names.
 */
final class PlaceSearch {
    /** A function's first instruction for indirect calls (CONFIG_X86_KERNEL_IBT). */
    private static final byte[] ENDBR64 = {(byte) 0xf3, 0x0f, 0x1e, (byte) 0xfa};

    /**
     * What the kernel puts in its place if nothing calls the function by a pointer: {@code gen_endbr_poison()},
     * arch/x86/include/asm/ibt.h; the second one since 6.15.
     */
    private static final byte[] SEALED = {0x66, 0x0f, 0x1f, 0x00};

    private static final byte[] SEALED_LATER = {0x0f, 0x1f, 0x40, (byte) 0xd6};

    /** Where ftrace has taken out the call of a function's entry, arch/x86/kernel/ftrace.c. */
    private static final byte[] NOP5 = {0x0f, 0x1f, 0x44, 0x00, 0x00};

    /** The call that ftrace has put in: somebody traces the function already. */
    private static final byte CALL = (byte) 0xe8;

    private static final int LOOKED_AT = ENDBR64.length + NOP5.length;

    /** What the kernel refuses to a program that traces, since its trampoline calls it: btf_id_deny, kernel/bpf/verifier.c. */
    private static final Set<String> DENIED = Set.of(
            "migrate_disable",
            "migrate_enable",
            "rcu_read_unlock_strict",
            "preempt_count_add",
            "preempt_count_sub",
            "__rcu_read_lock",
            "__rcu_read_unlock");

    private static final String PROGRAM = "bpf_prog_";

    /** ftrace_caller() and others, and what ftrace and BPF make themselves. */
    private static final String FTRACE = "ftrace_";

    private static final String TRAMPOLINE = "bpf_trampoline_";
    private static final String TRACEPOINT = "__tracepoint_";

    /** struct jump_entry with relative addresses, include/linux/jump_label.h. */
    private static final int ENTRY = 16;

    private static final int ENTRY_KEY = 8;

    /** Two low bits of the key are flags. */
    private static final long FLAGS = 3;

    private static final int MOST_ENTRIES = 1 << 18;

    private final SteppedPath path;
    private final Symbols symbols;
    private final KernelInfo kernel;

    private PlaceSearch(SteppedPath path, FrozenMachine frozen) {
        this.path = path;
        this.symbols = frozen.symbols();
        this.kernel = frozen.kernel();
    }

    /**
     * Returns the places of an operation, in the order in which it comes to them; a sample, if there are too many.
     *
     * @param consoleLog a temporary file, removed afterwards
     */
    static List<Place> of(SteppedPath path, FrozenMachine frozen, HuntScope scope, Path consoleLog) throws IOException {
        List<Place> all;
        try (SteppedPath.PausedMachine machine = path.pauseAt(0, consoleLog)) {
            all = new PlaceSearch(path, frozen).all(machine.memory());
        }
        Files.deleteIfExists(consoleLog);
        if (scope.exhaustive() || all.size() <= scope.points()) {
            return all;
        }
        List<Place> sample = new ArrayList<>(all);
        Collections.shuffle(sample, new Random(scope.seed()));
        List<Place> chosen = sample.subList(0, scope.points());
        return all.stream().filter(chosen::contains).toList();
    }

    private List<Place> all(GuestMemory memory) throws IOException {
        Map<Long, String> events = events(memory);
        Map<String, Place> places = new LinkedHashMap<>();
        int last = lastOfTheProgram();
        for (int n = firstOfTheProgram(); n <= last; n++) {
            long address = path.address(n);
            Optional<String> section = Optional.ofNullable(events.get(address))
                    .filter(kernel::hasEvent)
                    .map(event -> "tp_btf/" + event);
            if (section.isEmpty()) {
                section = function(address, memory);
            }
            section.ifPresent(name -> places.putIfAbsent(name, new Place(name, Aim.where(symbols, address))));
        }
        return List.copyOf(places.values());
    }

    /** What the trampoline does before the program, and after it, is no part of the operation. */
    private int firstOfTheProgram() {
        int n = 0;
        while (n < path.length() && !isOfTheProgram(n)) {
            n++;
        }
        return n;
    }

    private int lastOfTheProgram() {
        int n = path.length();
        while (n > 0 && !isOfTheProgram(n)) {
            n--;
        }
        return n;
    }

    private boolean isOfTheProgram(int n) {
        return symbols.at(path.address(n))
                .filter(function -> function.name().startsWith(PROGRAM))
                .isPresent();
    }

    private Optional<String> function(long address, GuestMemory memory) throws IOException {
        Optional<String> name = symbols.at(address)
                .filter(symbol -> symbol.address() == address)
                .map(Symbol::name)
                .filter(begun -> !begun.startsWith(PROGRAM) && !DENIED.contains(begun));
        if (name.isEmpty()) {
            return Optional.empty();
        }
        // A copy that the compiler made has another name, and no type: a kprobe needs none.
        boolean typed =
                kernel.hasTypeOf(name.get()) && symbols.named(name.get()).size() == 1;
        // A thunk of a return or a jump begins with a call, too, and has no type.
        boolean traced = isTraced(address, memory.read(address, LOOKED_AT), typed);
        return traced ? Optional.of((typed ? "fentry/" : "kprobe/") + name.get()) : Optional.empty();
    }

    private boolean isTraced(long address, byte[] code, boolean typed) {
        byte[] begin = Arrays.copyOf(code, ENDBR64.length);
        boolean marked =
                Arrays.equals(begin, ENDBR64) || Arrays.equals(begin, SEALED) || Arrays.equals(begin, SEALED_LATER);
        int at = marked ? ENDBR64.length : 0;
        byte[] entry = Arrays.copyOfRange(code, at, at + NOP5.length);
        return Arrays.equals(entry, NOP5) || (typed && entry[0] == CALL && !callsTheKernel(address + at, entry));
    }

    /**
     * A function that ftrace cannot patch (notrace) may begin with a call of its own: bpf_spin_unlock() does. The kernel compares that
     * with what ftrace leaves there, and refuses the program with -EBUSY.
     */
    private boolean callsTheKernel(long address, byte[] call) {
        long callee = address + call.length + LittleEndian.int32(Arrays.copyOfRange(call, 1, call.length));
        return symbols.at(callee)
                .map(Symbol::name)
                .filter(name -> !name.startsWith(FTRACE) && !name.startsWith(TRAMPOLINE))
                .isPresent();
    }

    /** Returns the tracepoints by the addresses of their branches; none if the kernel does not say where they are. */
    private Map<Long, String> events(GuestMemory memory) throws IOException {
        OptionalLong start = symbols.address("__start___jump_table");
        OptionalLong stop = symbols.address("__stop___jump_table");
        if (start.isEmpty() || stop.isEmpty()) {
            return Map.of();
        }
        long entries = (stop.getAsLong() - start.getAsLong()) / ENTRY;
        if (entries < 0 || entries > MOST_ENTRIES) {
            throw new IOException("the kernel's table of static branches has " + entries + " entries");
        }
        byte[] table = memory.read(start.getAsLong(), (int) entries * ENTRY);
        Map<Long, String> events = new HashMap<>();
        for (int at = 0; at < table.length; at += ENTRY) {
            long entry = start.getAsLong() + at;
            long code = entry + LittleEndian.int32(Arrays.copyOfRange(table, at, at + Integer.BYTES));
            long key = LittleEndian.int64(Arrays.copyOfRange(table, at + ENTRY_KEY, at + ENTRY));
            symbols.covering(entry + ENTRY_KEY + (key & ~FLAGS))
                    .map(Symbol::name)
                    .filter(name -> name.startsWith(TRACEPOINT))
                    .ifPresent(name -> events.put(code, name.substring(TRACEPOINT.length())));
        }
        return events;
    }
}
