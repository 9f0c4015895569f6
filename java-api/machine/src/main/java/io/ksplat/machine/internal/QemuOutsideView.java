// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.forensics.HangAnalysis;
import io.ksplat.machine.internal.forensics.hang.HangWatch;
import io.ksplat.machine.internal.forensics.pending.Pending;
import io.ksplat.machine.internal.forensics.pending.PendingTimers;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Sees a QEMU machine through its monitor and its gdbstub. */
public final class QemuOutsideView implements OutsideView, CoreDump {
    private final VirtualMachine vm;
    private final Heartbeats hearts;
    private final Optional<Guest> guest;

    QemuOutsideView(Guest guest) {
        this.vm = guest.vm();
        this.hearts = guest.heartbeats();
        this.guest = Optional.of(guest);
    }

    /** Sees a machine whose agent nobody asks. */
    public QemuOutsideView(VirtualMachine vm, Heartbeats hearts) {
        this.vm = vm;
        this.hearts = hearts;
        this.guest = Optional.empty();
    }

    @Override
    public Optional<String> ended() {
        return vm.exit().isDone() ? Optional.of("QEMU ended: " + vm.exitMessage()) : Optional.empty();
    }

    @Override
    public long[] heartbeats() throws IOException {
        return hearts.read();
    }

    @Override
    public OptionalLong guestNanos() throws IOException {
        return hearts.guestNanos();
    }

    @Override
    public boolean nmiInjected() {
        return vm.nmiInjected();
    }

    @Override
    public Sampler sampler(Symbols symbols, double patience) throws IOException {
        return new HangWatch(vm, hearts, symbols, patience);
    }

    @Override
    public HangAnalysis analysis(Known known) {
        return new HangAnalysis(vm, known.kernel(), known.symbols(), known.sources(), known.cache());
    }

    @Override
    public Pending pending(KernelInfo kernel, Symbols symbols) {
        return new PendingTimers(vm, kernel, symbols);
    }

    @Override
    public List<SelfCheck> selfChecks(Symbols symbols) throws IOException {
        return guest.isPresent() ? SelfCheck.of(guest.get(), symbols) : List.of();
    }

    @Override
    public List<SelfCheck> restored(List<SelfCheck> before) {
        return before.stream().map(check -> check.in(vm)).toList();
    }

    @Override
    public void dump(Path file, Known known) throws IOException {
        analysis(known).dump(file);
    }

    @Override
    public VirtualMachine.Kept keep() throws IOException {
        return vm.keep();
    }
}
