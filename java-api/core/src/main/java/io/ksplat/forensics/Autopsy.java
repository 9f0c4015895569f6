// SPDX-License-Identifier: Apache-2.0
package io.ksplat.forensics;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Stack;
import io.ksplat.guest.KernelFacts;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Symbols;
import io.ksplat.vm.GdbStub;
import io.ksplat.vm.GuestMemory;
import io.ksplat.vm.Registers;
import io.ksplat.vm.VirtualMachine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Reads every CPU's stack out of a machine that hangs. The machine stands still afterwards. */
public final class Autopsy {
    private static final Pattern BPF_TAG = Pattern.compile("^bpf_prog_[0-9a-f]{16}_");

    /** Where a CPU waits for a lock; who called these says which lock. */
    private static final Set<String> SPINNING = Set.of(
            "native_queued_spin_lock_slowpath",
            "queued_spin_lock_slowpath",
            "queued_read_lock_slowpath",
            "queued_write_lock_slowpath",
            "resilient_queued_spin_lock_slowpath",
            "do_raw_spin_lock",
            "_raw_spin_lock",
            "_raw_spin_lock_irq",
            "_raw_spin_lock_irqsave",
            "_raw_spin_lock_bh",
            "pv_wait_head_or_lock",
            "virt_spin_lock");

    private final VirtualMachine vm;
    private final KernelFacts facts;
    private final Symbols symbols;
    private final Cache cache;

    public Autopsy(VirtualMachine vm, KernelFacts facts, Symbols symbols, Cache cache) {
        this.vm = vm;
        this.facts = facts;
        this.symbols = symbols;
        this.cache = cache;
    }

    /** The evidence of a hang. */
    public Evidence of(Diagnosis diagnosis) throws IOException, InterruptedException {
        List<Integer> stuck =
                diagnosis.causes().stream().map(Diagnosis.Stuck::cpu).toList();
        List<Stack> stacks = new ArrayList<>();
        try (GdbStub gdb = vm.gdb()) {
            Unwinder unwinder = new Unwinder(symbols, table(gdb));
            List<Registers> cpus = new ArrayList<>(vm.registers());
            cpus.sort(Comparator.comparing(registers -> !stuck.contains(registers.cpu())));
            for (Registers registers : cpus) {
                GuestMemory memory = (address, length) -> gdb.read(registers.cpu(), address, length);
                stacks.addAll(unwinder.unwind(registers, memory));
            }
        }
        return new Evidence(
                EvidenceKind.CPU_STUCK,
                title(stuck, stacks),
                signature(stacks),
                List.of(),
                List.of(),
                stacks,
                Source.OUTSIDE,
                OptionalDouble.empty());
    }

    private OrcTable table(GdbStub gdb) throws IOException, InterruptedException {
        return OrcTable.load(cache.<IOException>entry(
                        "orc", facts.kernel().key() + "-" + Integer.toHexString(OrcTable.FORMAT), fresh -> {
                            OrcTable table = facts.kernel().vmlinux().isPresent()
                                    ? OrcTable.ofVmlinux(
                                            facts.kernel().vmlinux().get())
                                    : OrcTable.read((address, length) -> gdb.read(0, address, length), symbols);
                            table.store(fresh.resolve("table"));
                        })
                .resolve("table"));
    }

    private static String title(List<Integer> stuck, List<Stack> stacks) {
        String cpus = stuck.stream().map(String::valueOf).collect(Collectors.joining(", "));
        Stack first = stacks.get(0);
        return "CPU " + cpus + " stuck in " + name(first.frames().get(0)) + ", taken in " + taker(first) + " ("
                + first.context() + ")"
                + (stacks.size() > 1 && stacks.get(1).cpu().equals(first.cpu())
                        ? " on top of " + name(stacks.get(1).frames().get(0)) + " ("
                                + stacks.get(1).context() + ")"
                        : "");
    }

    /** Kind, what spins, and the functions that lead there from the program or the entry; no address, no CPU, no tag. */
    private static String signature(List<Stack> stacks) {
        return "cpu-stuck:" + stacks.get(0).context() + ":"
                + stacks.get(0).frames().stream()
                        .filter(Frame::certain)
                        .map(Autopsy::name)
                        .limit(8)
                        .collect(Collectors.joining("<"));
    }

    /** The first function that is not the lock's own. */
    private static String taker(Stack stack) {
        return stack.frames().stream()
                .map(Autopsy::name)
                .filter(function -> !SPINNING.contains(function))
                .findFirst()
                .orElse("an unknown function");
    }

    private static String name(Frame frame) {
        String base = BPF_TAG.matcher(frame.function()).replaceFirst("bpf:");
        int dot = base.indexOf('.');
        return dot > 0 ? base.substring(0, dot) : base;
    }
}
