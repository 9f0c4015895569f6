// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import io.ksplat.evidence.Task;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.Patience;
import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.nmi.Breakpoints;
import io.ksplat.machine.internal.nmi.Callers;
import io.ksplat.machine.internal.nmi.NmiEntry;
import io.ksplat.machine.internal.qemu.GdbStub;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * An NMI at a chosen instruction: the machine is stopped by a hardware breakpoint there, the NMI is injected, and the machine goes on.
 *
 * <pre>{@code
 * machine.nmi().aimAt("rcu_cblist_enqueue").on(0).hit(3).when(cpu -> cpu.half(cpu.register(RDI) + 64) != 0).fire();
 * }</pre>
 *
 * <pre>{@code
 * machine.nmi().aimAt("rcu_cblist_enqueue", "rcu_segcblist_enqueue")
 *         .on(0)
 *         .hit(3)
 *         .when(cpu -> cpu.half(cpu.perCpu("rcu_data") + 0x80) != 0)
 *         .fire();
 * machine.nmi().aimAt("idr_alloc_cyclic").calledFrom("kernfs_new_node").fire();
 * }</pre>
 */
public final class Aim {
    static final Duration WITHIN = Duration.ofSeconds(4);

    /** What a BPF program is called among the callers, before its own name. */
    private static final String BPF = "bpf:";

    private final Nmi nmi;
    private final Set<Long> targets = new LinkedHashSet<>();
    private final String names;
    private int cpu;
    private int hit = 1;
    private final Set<String> callers = new LinkedHashSet<>();
    private final List<Symbol> calling = new ArrayList<>();
    private StoppedCpu.Condition condition = stopped -> true;
    private Duration within;
    private Optional<Storm> storm = Optional.empty();
    private Duration stormTime = Duration.ZERO;

    Aim(Nmi nmi, String... names) {
        this.nmi = nmi;
        this.names = String.join(" or ", names);
        this.within = nmi.scale(WITHIN);
        StringBuilder failures = new StringBuilder();
        for (String name : names) {
            try {
                targets.addAll(nmi.targets().find(name));
            } catch (IOException e) {
                failures.append("; ").append(e.getMessage());
            }
        }
        if (targets.isEmpty()) {
            throw new IllegalArgumentException(
                    failures.isEmpty()
                            ? "this kernel has no function " + this.names
                                    + nmi.symbols().hint(names[0].replaceFirst("\\+.*", ""))
                            : failures.substring(2));
        }
    }

    /** Only when this CPU executes it; CPU 0 by default. Other CPUs than 0 need a guest booted with {@code apic_extnmi=all}. */
    public Aim on(int cpu) {
        this.cpu = cpu;
        return this;
    }

    /** Not before it comes by for the n-th time, from 1; if there is a condition, for the n-th time that it holds. */
    public Aim hit(int n) {
        if (n < 1) {
            throw new IllegalArgumentException("the first hit is 1, and there is none with number " + n);
        }
        this.hit = n;
        return this;
    }

    /** Only while this holds, of the CPU that stands there. */
    public Aim when(StoppedCpu.Condition condition) {
        this.condition = condition;
        return this;
    }

    /**
     * Only if one of these functions has led there, directly or through others. Each time that the CPU comes by its stack is unwound, which
     * takes some milliseconds.
     *
     * @throws IllegalArgumentException if this kernel has none of them, naming those that are near
     */
    public Aim calledFrom(String... functions) {
        boolean known = false;
        for (String function : functions) {
            known |= function.startsWith(BPF)
                    || !nmi.targets().functions(function).isEmpty();
            callers.add(function);
        }
        if (!known) {
            throw unknownCaller(functions);
        }
        return this;
    }

    /**
     * Only when one of these functions itself calls it, by a direct call: the CPU is stopped at the calls instead of at the function. So it is right for
     * functions such as {@code memcpy()} that everybody calls. On a busy host the guest's clock goes on while a CPU waits to be run again after a stop:
     * a CPU that is stopped in each of its timer's ticks does nothing else. A condition sees the CPU before the call.
     *
     * @throws IllegalArgumentException if this kernel has none of them, naming those that are near
     */
    public Aim inCallsOf(String... functions) {
        for (String function : functions) {
            calling.addAll(nmi.targets().functions(function));
        }
        if (calling.isEmpty()) {
            throw unknownCaller(functions);
        }
        return this;
    }

    private IllegalArgumentException unknownCaller(String... functions) {
        return new IllegalArgumentException("this kernel has no function " + String.join(" or ", functions)
                + " that could call " + names
                + (functions.length == 0 ? "" : nmi.symbols().hint(functions[0])));
    }

    /** Gives up after this time; what the machine waits for a CPU of a busy host does not count. */
    public Aim within(Duration time) {
        this.within = time;
        return this;
    }

    /**
     * Gives a machine that cannot be stopped at an instruction a storm in its place: at this rate, until the time is up or something
     * shows. Without this, an aim on such a machine is UNSUPPORTED. The storm's control is {@code storm}.
     */
    public Aim orStorm(double perSecond, Duration atMost) {
        storm = Optional.of(nmi.storm().perSecond(perSecond));
        stormTime = atMost;
        return this;
    }

    /**
     * Waits for the CPU to come by, injects, and sees the NMI arrive.
     *
     * @return where it landed; empty if it did not land there in time, which fails the control {@code nmi}
     */
    public Optional<Landing> fire() throws IOException {
        if (nmi.mode().storm().isPresent()) {
            return Optional.empty();
        }
        if (nmi.outside().isPresent() && storm.isPresent()) {
            storm.get().untilEvidence(stormTime);
            return Optional.empty();
        }
        if (nmi.outside().isPresent()) {
            // Says why that cannot be.
            nmi.vm();
        }
        nmi.intercept(cpu, within);
        nmi.askedFor(1);
        if (!nmi.mode().asWritten()) {
            nmi.missed("no NMI was sent: NMIs are switched off (--nmi none)");
            return Optional.empty();
        }
        NmiEntry entry = new NmiEntry(nmi.vm(), nmi.symbols());
        try (GdbStub gdb = nmi.vm().gdb()) {
            Optional<Landing> landing = fire(gdb, entry);
            landing.ifPresent(nmi::landed);
            gdb.detach();
            return landing;
        } catch (IOException e) {
            nmi.missed("aiming at " + names + " failed: " + e.getMessage());
            nmi.vm().resume();
            throw e;
        }
    }

    private Optional<Landing> fire(GdbStub gdb, NmiEntry entry) throws IOException {
        Hits hits = new Hits(
                gdb,
                callers.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new Callers(callers, nmi.kernel(), nmi.symbols(), gdb)));
        Patience patience = Patience.of(within, nmi.vm()::starvedNanos);
        if (!Breakpoints.reach(gdb, calling.isEmpty() ? targets : calls(gdb), patience, hits::isTheOne)) {
            nmi.missed(names + " was not reached on CPU " + cpu + hits.passed() + " within " + patience);
            return Optional.empty();
        }
        if (!calling.isEmpty()) {
            gdb.step(cpu, 1, within);
        }
        long aimed = gdb.programCounter(cpu);
        Optional<Task> task = nmi.view().task((address, length) -> gdb.read(cpu, address, length), cpu);
        NmiEntry.Arrival arrival = entry.inject(gdb, cpu);
        if (arrival.interrupted().isEmpty()) {
            nmi.missed("an NMI injected at " + where(aimed) + " on CPU " + cpu + " did not reach that CPU"
                    + (arrival.others().isEmpty() ? "" : ", but CPU " + arrival.others())
                    + ": the guest decides which it reaches (apic_extnmi=all|bsp|none at its boot)");
            return Optional.empty();
        }
        long interrupted = arrival.interrupted().getAsLong();
        if (interrupted != aimed) {
            nmi.missed("an NMI injected at " + where(aimed) + " on CPU " + cpu + " landed at " + where(interrupted));
            return Optional.empty();
        }
        return Optional.of(new Landing(cpu, aimed, where(aimed), task, System.nanoTime()));
    }

    /** Returns where the functions call the target. */
    private Set<Long> calls(GdbStub gdb) throws IOException {
        Set<Long> calls = new LinkedHashSet<>();
        for (Symbol caller : calling) {
            byte[] code = gdb.read(cpu, caller.address(), (int) caller.size());
            calls.addAll(Arch.guest().calls(code, caller.address(), targets));
        }
        if (calls.isEmpty()) {
            throw new IOException(calling.stream().map(Symbol::name).distinct().collect(Collectors.joining(" or "))
                    + " does not call " + names
                    + " by a direct call in this kernel: take calledFrom(), which looks at stacks");
        }
        return calls;
    }

    /** Counts the times that the CPU has come by. */
    private final class Hits {
        private final GdbStub gdb;
        private int elsewhere;
        private final Optional<Callers> wanted;
        private int refused;
        private int otherwise;
        private int counted;

        Hits(GdbStub gdb, Optional<Callers> wanted) {
            this.gdb = gdb;
            this.wanted = wanted;
        }

        boolean isTheOne(int stopped) throws IOException {
            if (stopped != cpu) {
                elsewhere++;
                return false;
            }
            if (wanted.isPresent() && !wanted.get().lead(gdb, cpu)) {
                otherwise++;
                return false;
            }
            if (!condition.holds(new StoppedCpu(gdb, nmi.symbols(), cpu))) {
                refused++;
                return false;
            }
            return ++counted == hit;
        }

        /** What came by and was not meant. */
        String passed() {
            String passed = (counted > 0 ? ", " + counted + " hits of " + hit : "")
                    + (refused > 0 ? ", " + refused + " at which the condition did not hold" : "")
                    + (otherwise > 0 ? ", " + otherwise + " not called from " + String.join(" or ", callers) : "")
                    + (elsewhere > 0 ? ", " + elsewhere + " on other CPUs" : "");
            return passed.isEmpty() ? "" : " (" + passed.substring(2) + ")";
        }
    }

    private String where(long address) {
        return where(nmi.symbols(), address);
    }

    public static String where(Symbols symbols, long address) {
        return symbols.at(address)
                .map(symbol -> symbol.name() + "+0x" + Long.toHexString(address - symbol.address()))
                .orElse("0x" + Long.toHexString(address));
    }

    @Override
    public String toString() {
        return "NMI at " + names + " on CPU " + cpu + " "
                + targets.stream().map(Long::toHexString).toList();
    }
}
