// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.engine.MachineNeeds;
import io.ksplat.engine.internal.CaptureHook;
import io.ksplat.engine.internal.ControlSet;
import io.ksplat.engine.internal.Fixture;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Aim;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.Nmi;
import io.ksplat.machine.internal.Patience;
import io.ksplat.machine.internal.Snapshots;
import io.ksplat.machine.internal.nmi.Breakpoints;
import io.ksplat.machine.internal.qemu.GdbStub;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Freezes the machine of an armed reproducer instead of sending its first NMI, when the CPU at which the NMI was aimed
 * reaches the anchor.
 *
 * @param kernel the kernel's spec
 * @param qemu the version of QEMU
 * @param symbol the anchor: the first instruction of this kernel function
 * @param hit which hit to stop at: the n-th time the CPU reaches the symbol, counted from 1
 * @param globals variables of the reproducer's program that are to be read beside its controls, and may have any value
 * @param released a variable of the program for which it waits: all its bits are set when the machine stands at the anchor
 * @param folder holds the machine's memory and receives its state
 */
record AnchorCapture(
        String kernel,
        String qemu,
        String symbol,
        int hit,
        List<String> globals,
        Optional<String> released,
        Path folder)
        implements CaptureHook {
    AnchorCapture {
        globals = List.copyOf(globals);
    }

    @Override
    public void capture(Fixture fixture, Nmi nmi, int cpu, Duration within) throws IOException {
        Symbols symbols = nmi.symbols();
        List<Long> addresses = nmi.targets().find(symbol);
        if (addresses.isEmpty()) {
            throw new MachineException("this kernel has no function " + symbol + symbols.hint(symbol));
        }
        long address;
        int[] hits = {0};
        try (GdbStub gdb = nmi.vm().gdb()) {
            Patience patience = Patience.of(within, nmi.vm()::starvedNanos);
            if (!Breakpoints.reach(gdb, addresses, patience, stopped -> stopped == cpu && ++hits[0] == hit)) {
                throw new MachineException.Late("CPU " + cpu + " reached " + symbol + " " + hits[0] + " times, not "
                        + hit + ", within " + patience
                        + " of the time at which the reproducer would have sent its NMI");
            }
            address = gdb.programCounter(cpu);
            if (released.isPresent()) {
                ControlSet.Position variable = fixture.position(released.get());
                byte[] ones = new byte[variable.bytes()];
                Arrays.fill(ones, (byte) 0xff);
                gdb.writePhysical(variable.address(), ones);
            }
        }
        freeze(fixture, cpu);
        throw new MachineException("the machine was frozen on CPU " + cpu + " at " + Aim.where(symbols, address));
    }

    private List<Anchor.Counter> counters(Fixture fixture) throws IOException {
        List<ControlSet.Position> positions = new ArrayList<>(fixture.controls().positions());
        for (String name : globals) {
            positions.add(fixture.position(name));
        }
        return positions.stream()
                .map(at -> new Anchor.Counter(at.name(), at.required(), at.address(), at.bytes()))
                .toList();
    }

    private void freeze(Fixture fixture, int cpu) throws IOException {
        Anchor anchor = new Anchor(
                fixture.id(),
                kernel,
                fixture.kernel().kernel().key(),
                qemu,
                symbol,
                cpu,
                MachineNeeds.STANDARD.cpus(),
                MachineNeeds.STANDARD.memoryMiB(),
                counters(fixture),
                fixture.programs().stream()
                        .map(jited -> new Anchor.Program(jited.name(), jited.address(), jited.size()))
                        .toList());
        fixture.target()
                .find(Snapshots.class)
                .orElseThrow(() -> new MachineException("this target cannot be frozen"))
                .freezeStanding(folder);
        anchor.write(folder);
    }
}
