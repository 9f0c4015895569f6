// SPDX-License-Identifier: Apache-2.0
package io.ksplat.nmi;

import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.Symbols;
import io.ksplat.vm.Deadline;
import io.ksplat.vm.GdbStub;
import io.ksplat.vm.MachineException;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * An NMI at a chosen instruction: the machine is stopped by a hardware breakpoint there, the NMI is injected, and the machine goes on.
 * Without {@code apic_extnmi=all} QEMU's inject-nmi reaches CPU 0 alone.
 */
public final class Aim {
    /** The kernel's first instruction of an NMI (arch/x86/include/asm/idtentry.h). */
    private static final String NMI_ENTRY = "asm_exc_nmi";

    private static final Duration WITHIN = Duration.ofSeconds(4);
    private static final Duration ENTRY = Duration.ofSeconds(1);

    private final Nmi nmi;
    private final Set<Long> targets = new LinkedHashSet<>();
    private final String names;
    private int cpu;
    private Duration within;

    Aim(Nmi nmi, String... functions) {
        this.nmi = nmi;
        this.names = String.join(" or ", functions);
        this.within = nmi.vm().config().accelerator().scale(WITHIN);
        for (String function : functions) {
            for (Symbol symbol : nmi.symbols().named(function)) {
                targets.add(symbol.address());
            }
        }
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("this kernel has no function " + names + "; near: "
                    + String.join(", ", nmi.symbols().near(functions[0], 5)));
        }
    }

    /** Only when this CPU executes it; CPU 0 by default. */
    public Aim on(int cpu) {
        this.cpu = cpu;
        return this;
    }

    /** Gives up after this time. */
    public Aim within(Duration time) {
        this.within = time;
        return this;
    }

    /**
     * Waits for the CPU to come by, injects, and sees the NMI arrive.
     *
     * @return where it landed; empty where the instruction was not reached in time, which fails the control {@code nmi}
     */
    public Optional<Landing> fire() throws IOException {
        nmi.askedFor(1);
        if (nmi.mode() == NmiMode.NONE) {
            nmi.missed("no NMI was sent: NMIs are switched off (--nmi none)");
            return Optional.empty();
        }
        OptionalLong entry = nmi.symbols().address(NMI_ENTRY);
        if (entry.isEmpty()) {
            throw new MachineException(
                    "this kernel has no symbol " + NMI_ENTRY + ": the arrival of an NMI cannot be seen");
        }
        try (GdbStub gdb = nmi.vm().gdb()) {
            Optional<Landing> landing = fire(gdb, entry.getAsLong());
            landing.ifPresent(nmi::landed);
            gdb.detach();
            return landing;
        } catch (IOException e) {
            nmi.missed("aiming at " + names + " failed: " + e.getMessage());
            nmi.vm().resume();
            throw e;
        }
    }

    private Optional<Landing> fire(GdbStub gdb, long entry) throws IOException {
        Deadline deadline = Deadline.in(within);
        for (long target : targets) {
            gdb.setBreakpoint(target);
        }
        boolean reached = await(gdb, cpu, List.copyOf(targets), deadline);
        long interrupted = reached ? gdb.registers(cpu).rip() : 0;
        for (long target : targets) {
            gdb.clearBreakpoint(target);
        }
        if (!reached) {
            nmi.missed(names + " was not reached on CPU " + cpu + " within " + within.toMillis() + " ms");
            return Optional.empty();
        }
        gdb.setBreakpoint(entry);
        nmi.vm().injectNmi();
        boolean arrived = await(
                gdb,
                cpu,
                List.of(entry),
                Deadline.in(nmi.vm().config().accelerator().scale(ENTRY)));
        gdb.clearBreakpoint(entry);
        if (!arrived) {
            nmi.missed("an NMI injected at " + where(interrupted) + " did not arrive on CPU " + cpu);
            return Optional.empty();
        }
        return Optional.of(new Landing(cpu, interrupted, where(interrupted)));
    }

    /** Runs until the wanted CPU stands at one of the breakpoints; others are led past theirs. */
    private static boolean await(GdbStub gdb, int wanted, List<Long> breakpoints, Deadline deadline)
            throws IOException {
        while (true) {
            gdb.resume();
            int stopped;
            try {
                stopped = gdb.awaitStop(deadline);
            } catch (MachineException.Late late) {
                gdb.interrupt();
                return false;
            }
            if (stopped == wanted) {
                return true;
            }
            for (long breakpoint : breakpoints) {
                gdb.clearBreakpoint(breakpoint);
            }
            gdb.step(stopped, deadline);
            for (long breakpoint : breakpoints) {
                gdb.setBreakpoint(breakpoint);
            }
        }
    }

    private String where(long address) {
        return where(nmi.symbols(), address);
    }

    static String where(Symbols symbols, long address) {
        return symbols.at(address)
                .map(symbol -> symbol.name() + "+0x" + Long.toHexString(address - symbol.address()))
                .orElse("0x" + Long.toHexString(address));
    }

    @Override
    public String toString() {
        return "NMI at " + names + " on CPU " + cpu + " "
                + Arrays.toString(targets.stream().map(Long::toHexString).toArray());
    }
}
