// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.nmi.AddressResolver;
import io.ksplat.machine.internal.nmi.AnchorPlan;
import io.ksplat.machine.internal.nmi.Anchored;
import io.ksplat.machine.internal.nmi.Breakpoints;
import io.ksplat.machine.internal.nmi.Inside;
import io.ksplat.machine.internal.nmi.NmiCounter;
import io.ksplat.machine.internal.qemu.GdbStub;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * The NMIs of one machine.
 *
 * <p>Which CPUs an injected NMI reaches is the guest's choice (arch/x86/kernel/apic/apic.c): CPU 0 alone by default, every CPU where it
 * was booted with {@code apic_extnmi=all}, none with {@code apic_extnmi=none}. A reproducer asks for it in its boot parameters. An aimed
 * NMI that did not reach the CPU, or the instruction, that it was aimed at fails the control {@code nmi}.
 *
 * <pre>{@code
 * machine.nmi().aimAt("vfs_unlink").on(0).fire();
 * machine.nmi().storm().perSecond(200).untilEvidence(Duration.ofSeconds(5));
 * machine.nmi().sysrq();
 * }</pre>
 */
public final class Nmi {
    private final Guest guest;
    private final Kernel kernel;
    private final Symbols symbols;
    private final Inside inside;
    private final NmiMode mode;
    private final BooleanSupplier evidence;
    private final Optional<AnchorPlan> anchor;
    private final List<Landing> landings = new ArrayList<>();
    private final List<String> misses = new ArrayList<>();
    private final List<Burst> volleys = new ArrayList<>();
    private int asked;

    /**
     * The NMIs of a guest.
     *
     * @param evidence whether anything was found by now
     * @param anchor where the machine is to be frozen instead of being sent its first NMI
     */
    public Nmi(
            Guest guest,
            Kernel kernel,
            Symbols symbols,
            Inside inside,
            NmiMode mode,
            BooleanSupplier evidence,
            Optional<AnchorPlan> anchor) {
        this.guest = guest;
        this.kernel = kernel;
        this.symbols = symbols;
        this.inside = inside;
        this.mode = mode;
        this.evidence = evidence;
        this.anchor = anchor;
    }

    /**
     * Aims at an instruction of the kernel. Where several are given, whichever is reached first: what runs under a lock differs
     * between kernels, and a function that this one lacks is passed over.
     *
     * @param targets a function's first instruction ({@code vfs_unlink}), one after it ({@code vfs_unlink+0x1c}), or those at
     *     which a source line begins ({@code fs/namei.c:4500}, only where the kernel has DWARF)
     * @throws IllegalArgumentException where this kernel has none of them, naming those that are near
     */
    public Aim aimAt(String... targets) {
        return new Aim(this, targets);
    }

    /** Many NMIs, at no instruction in particular. */
    public Storm storm() {
        return new Storm(this);
    }

    /**
     * Has the kernel itself send an NMI to every other CPU than the one that asks, which the agent does: each prints its
     * backtrace (Documentation/admin-guide/sysrq.rst, key l). It goes without QEMU's monitor, and needs a machine that lives.
     *
     * @return how many NMIs the CPUs took; 0 fails the control {@code sysrq}
     */
    public long sysrq() throws IOException {
        stopAtAnchor(0, vm().config().accelerator().scale(Aim.WITHIN));
        NmiCounter tally = new NmiCounter(this);
        boolean sent = mode != NmiMode.NONE;
        if (sent) {
            // Otherwise the kernel prints a help text and does nothing.
            guest.agent().writeFile("/proc/sys/kernel/sysrq", "1");
            guest.agent().writeFile("/proc/sysrq-trigger", "l");
        }
        long taken = tally.taken();
        volleys.add(new Burst("sysrq", "sysrq", sent ? 1 : 0, 1, taken));
        return taken;
    }

    /** How many aimed NMIs were asked for, sent or not. */
    public int asked() {
        return asked;
    }

    /** The aimed NMIs that were seen to arrive. */
    public List<Landing> landings() {
        return List.copyOf(landings);
    }

    /** Why the ones that did not arrive did not. */
    public List<String> misses() {
        return List.copyOf(misses);
    }

    /** What became of NMIs that were not aimed. */
    public List<Burst> volleys() {
        return List.copyOf(volleys);
    }

    public VirtualMachine vm() {
        return guest.vm();
    }

    public int cpus() {
        return guest.heartbeats().cpus();
    }

    Symbols symbols() {
        return symbols;
    }

    AddressResolver targets() {
        return new AddressResolver(kernel, symbols);
    }

    public Inside inside() {
        return inside;
    }

    NmiMode mode() {
        return mode;
    }

    boolean isEvident() {
        return evidence.getAsBoolean();
    }

    void askedFor(int count) {
        asked += count;
    }

    void landed(Landing landing) {
        landings.add(landing);
    }

    void missed(String why) {
        misses.add(why);
    }

    void fired(Burst volley) {
        volleys.add(volley);
    }

    /**
     * Freezes the machine where a CPU comes by the anchor, if that is what it is for.
     *
     * @throws Anchored where it did
     */
    void stopAtAnchor(int cpu, Duration within) throws IOException {
        if (anchor.isEmpty()) {
            return;
        }
        String symbol = anchor.get().symbol();
        List<Long> addresses = targets().find(symbol);
        if (addresses.isEmpty()) {
            throw new MachineException(
                    "this kernel has no function " + symbol + "; near: " + String.join(", ", symbols.near(symbol, 5)));
        }
        long address;
        int hit = anchor.get().hit();
        int[] hits = {0};
        try (GdbStub gdb = vm().gdb()) {
            if (!Breakpoints.reach(
                    gdb, addresses, Deadline.in(within), stopped -> stopped == cpu && ++hits[0] == hit)) {
                throw new MachineException.Late(
                        "CPU " + cpu + " came by " + symbol + " " + hits[0] + " times instead of "
                                + hit + " within " + within.toMillis()
                                + " ms of the moment at which the reproducer would have sent its NMI");
            }
            address = gdb.programCounter(cpu);
        }
        Landing where = new Landing(cpu, address, Aim.where(symbols, address));
        anchor.get().freezer().freeze(where);
        throw new Anchored(where);
    }
}
