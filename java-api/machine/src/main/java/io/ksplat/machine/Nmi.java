// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.UnsupportedTargetException;
import io.ksplat.machine.internal.forensics.memory.KernelView;
import io.ksplat.machine.internal.nmi.AddressResolver;
import io.ksplat.machine.internal.nmi.NmiCounter;
import io.ksplat.machine.internal.nmi.NmiInterceptor;
import io.ksplat.machine.internal.nmi.OutsideNmis;
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
    private final Optional<Guest> guest;
    /** Of a machine that nobody sees into. */
    private final Optional<OutsideNmis> outside;

    private final Kernel kernel;
    private final Symbols symbols;
    private final Optional<KernelView> view;
    private final NmiMode mode;
    private final BooleanSupplier evidence;
    private final Optional<NmiInterceptor> interceptor;
    private final List<Landing> landings = new ArrayList<>();
    private final List<String> misses = new ArrayList<>();
    private final List<Burst> bursts = new ArrayList<>();
    private int asked;
    private Optional<SteadyStorm> storm = Optional.empty();

    /**
     * Makes the NMIs of a run; only targets call this.
     *
     * @param evidence whether anything was found by now
     * @param interceptor comes before each NMI
     */
    public Nmi(
            Guest guest,
            KernelInfo known,
            Symbols symbols,
            NmiMode mode,
            BooleanSupplier evidence,
            Optional<NmiInterceptor> interceptor) {
        this.guest = Optional.of(guest);
        this.outside = Optional.empty();
        this.kernel = known.kernel();
        this.symbols = symbols;
        this.view =
                Optional.of(new KernelView(known, symbols, guest.heartbeats().cpus()));
        this.mode = mode;
        this.evidence = evidence;
        this.interceptor = interceptor;
    }

    /** Makes the NMIs of a run on a machine that nobody sees into; only targets call this. */
    public Nmi(OutsideNmis outside, KernelInfo known, Symbols symbols, NmiMode mode, BooleanSupplier evidence) {
        this.guest = Optional.empty();
        this.outside = Optional.of(outside);
        this.kernel = known.kernel();
        this.symbols = symbols;
        this.view = Optional.empty();
        this.mode = mode;
        this.evidence = evidence;
        this.interceptor = Optional.empty();
    }

    /**
     * Aims at an instruction of the kernel. Where several are given, whichever is reached first: what runs under a lock differs
     * between kernels, and a function that this one lacks is passed over.
     *
     * @param targets a function's first instruction ({@code vfs_unlink}), one after it ({@code vfs_unlink+0x1c}), or those at
     *     which a source line begins ({@code fs/namei.c:4500}, only if the kernel has DWARF)
     * @throws IllegalArgumentException if this kernel has none of them, naming those that are near
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
        if (mode.storm().isPresent()) {
            return 0;
        }
        intercept(0, scale(Aim.WITHIN));
        NmiCounter tally = new NmiCounter(this);
        long begin = System.nanoTime();
        boolean sent = mode.asWritten();
        if (sent) {
            // Otherwise the kernel prints a help text and does nothing.
            if (outside.isPresent()) {
                outside.get().sysrq();
            } else {
                guest.orElseThrow().agent().writeFile("/proc/sys/kernel/sysrq", "1");
                guest.orElseThrow().agent().writeFile("/proc/sysrq-trigger", "l");
            }
        }
        long taken = tally.taken();
        bursts.add(new Burst("sysrq", "sysrq", sent ? 1 : 0, 1, taken, begin));
        return taken;
    }

    /**
     * Begins the storm of {@code --nmi storm:RATE}, if the run has that mode; only targets' runs call this.
     *
     * @throws UnsupportedTargetException if nothing can send one there
     */
    public void beginStorm() throws IOException {
        if (mode.storm().isPresent()) {
            storm = Optional.of(SteadyStorm.begin(this, mode.storm().getAsDouble()));
        }
    }

    /** Returns what became up to now of the storm that was begun; empty if none is on. */
    public Optional<Burst> stormSoFar() throws IOException {
        return storm.isPresent() ? Optional.of(storm.get().soFar()) : Optional.empty();
    }

    /**
     * Ends the storm that was begun, and adds it to the bursts.
     *
     * @throws IOException if its last count cannot be read
     */
    public void endStorm() throws IOException {
        if (storm.isEmpty()) {
            return;
        }
        try {
            storm.get().close();
            fired(storm.get().soFar());
        } finally {
            storm = Optional.empty();
        }
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
    public List<Burst> bursts() {
        return List.copyOf(bursts);
    }

    /** Returns the machine, as something to stop and to look into. */
    public VirtualMachine vm() {
        return guest.map(Guest::vm)
                .orElseThrow(() -> new UnsupportedTargetException(
                        "an aimed NMI needs a machine that can be stopped at an instruction, and this one has no gdbstub:"
                                + " run it on a machine in QEMU, or give the aim a storm to take its place (orStorm)"));
    }

    Optional<OutsideNmis> outside() {
        return outside;
    }

    void send() throws IOException {
        if (outside.isPresent()) {
            outside.get().send();
        } else {
            vm().injectNmi();
        }
    }

    Duration scale(Duration time) {
        return outside.map(there -> there.scale(time))
                .orElseGet(() -> vm().config().accelerator().scale(time));
    }

    public int cpus() {
        return outside.map(OutsideNmis::cpus)
                .orElseGet(() -> guest.orElseThrow().heartbeats().cpus());
    }

    /** Returns how many NMIs its CPUs have handled since the boot, if only the kernel itself can be asked. */
    public Optional<Long> takenInside() throws IOException {
        return outside.isPresent() ? Optional.of(outside.get().taken()) : Optional.empty();
    }

    public Symbols symbols() {
        return symbols;
    }

    public AddressResolver targets() {
        return new AddressResolver(kernel, symbols);
    }

    public KernelView view() {
        return view.orElseThrow();
    }

    Kernel kernel() {
        return kernel;
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

    void fired(Burst burst) {
        bursts.add(burst);
    }

    /** Lets the interceptor, if there is one, come before an NMI. */
    void intercept(int cpu, Duration within) throws IOException {
        if (interceptor.isPresent()) {
            interceptor.get().before(this, cpu, within);
        }
    }
}
