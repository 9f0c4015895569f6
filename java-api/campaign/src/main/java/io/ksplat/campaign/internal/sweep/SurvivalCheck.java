// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.engine.internal.OutsideWatch;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.OutsideView;
import io.ksplat.machine.internal.QemuOutsideView;
import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.arch.Role;
import io.ksplat.machine.internal.forensics.HangAnalysis;
import io.ksplat.machine.internal.forensics.hang.Diagnosis;
import io.ksplat.machine.internal.forensics.unwind.SourceFrames;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import io.ksplat.machine.internal.snapshot.Template;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Checks from outside whether a machine survives an NMI. */
public final class SurvivalCheck {
    private static final Pattern ADDRESS = Pattern.compile("(0x)?[0-9a-f]{8,}");
    private static final Duration LIMIT = Duration.ofSeconds(8);

    /**
     * Beats that each CPU must make after the NMI. A beat takes 10 ms, and a CPU that beats has left the code that the
     * NMI interrupted.
     */
    private static final int BEATS = 3;

    /**
     * Factor of the watching time for a CPU that was seen only in the slow path of a lock, while all others live. The
     * borders that are found this way are measured again with the full time.
     */
    private static final double HASTE = 0.15;

    private final Anchor anchor;
    private final Template template;
    private final KernelInfo kernel;
    private final Symbols symbols;
    private final Cache cache;

    SurvivalCheck(Anchor anchor, Template template, KernelInfo kernel, Symbols symbols, Cache cache) {
        this.anchor = anchor;
        this.template = template;
        this.kernel = kernel;
        this.symbols = symbols;
        this.cache = cache;
    }

    /** The result of a check. */
    record Finding(Verdict verdict, Optional<String> waitsFor, Optional<String> message) {
        static Finding of(Verdict verdict) {
            return new Finding(verdict, Optional.empty(), Optional.empty());
        }

        static Finding unclear(Verdict verdict, String message) {
            return new Finding(verdict, Optional.empty(), Optional.of(message));
        }
    }

    /**
     * Watches a machine until the result is certain.
     *
     * @param thorough whether to watch a hang as long as in an ordinary run
     */
    Finding check(VirtualMachine machine, boolean thorough) throws IOException, InterruptedException {
        QemuOutsideView view = new QemuOutsideView(machine, template.heartbeats(machine));
        OutsideView.Sampler patient = view.sampler(symbols);
        Point point = new Point(machine);
        Duration limit = machine.config().accelerator().scale(LIMIT);
        OutsideWatch.End end = new OutsideWatch(
                        view,
                        thorough ? patient : new Hasty(view, patient),
                        () -> new HangAnalysis(machine, kernel, symbols, SourceFrames.none(symbols), cache),
                        limit,
                        BEATS)
                .watch(limit, limit, point);
        if (end instanceof OutsideWatch.End.Gone gone) {
            return Finding.unclear(Verdict.ERROR, gone.why());
        }
        if (end instanceof OutsideWatch.End.Stuck stuck) {
            return deadlock(stuck.findings().evidence());
        }
        if (end instanceof OutsideWatch.End.Busy busy) {
            return Finding.unclear(
                    Verdict.INCONCLUSIVE, busy.findings().evidence().title());
        }
        if (end instanceof OutsideWatch.End.Decided) {
            return point.panicked ? Finding.unclear(Verdict.CRASH, "the kernel panicked") : Finding.of(Verdict.CLEAN);
        }
        return Finding.unclear(
                Verdict.INCONCLUSIVE,
                missing(machine).orElse("not every CPU's heartbeat continued, and no CPU was seen to be stuck") + "; "
                        + places(machine));
    }

    /** Decides a point when the kernel has panicked, or when every CPU lives and the NMI has moved the counters. */
    private final class Point implements OutsideWatch.Watcher {
        private final VirtualMachine machine;
        private boolean panicked;

        Point(VirtualMachine machine) {
            this.machine = machine;
        }

        @Override
        public boolean hasChanged() {
            return false;
        }

        @Override
        public boolean isDecided(Diagnosis diagnosis, boolean alive) throws IOException {
            panicked = diagnosis.panicked();
            return panicked || (alive && missing(machine).isEmpty());
        }
    }

    private String places(VirtualMachine machine) throws IOException {
        return machine.registers().stream()
                .map(cpu -> "CPU " + cpu.cpu() + " in "
                        + symbols.at(cpu.rip()).map(Symbol::name).orElse("0x" + Long.toHexString(cpu.rip()))
                        + (cpu.interruptsEnabled() ? "" : " with interrupts off"))
                .collect(Collectors.joining(", "));
    }

    /**
     * Samples with a short watching time, and with the full one if the CPU that seems stuck may only be doing something
     * lengthy.
     */
    private final class Hasty implements OutsideView.Sampler {
        private final OutsideView view;
        private final OutsideView.Sampler patient;
        private final long[] before;
        private OutsideView.Sampler hasty;

        Hasty(OutsideView view, OutsideView.Sampler patient) throws IOException {
            this.view = view;
            this.patient = patient;
            this.hasty = view.sampler(symbols, HASTE);
            this.before = view.heartbeats();
        }

        @Override
        public Diagnosis sample() throws IOException {
            Diagnosis whole = patient.sample();
            Diagnosis quick = hasty.sample();
            if (!quick.isStuck() || isPlain(quick)) {
                return new Diagnosis(quick.causes(), quick.victims(), quick.panicked(), whole.lives());
            }
            // The next samples may show only slow paths.
            hasty = view.sampler(symbols, HASTE);
            return whole;
        }

        private boolean isPlain(Diagnosis diagnosis) throws IOException {
            long[] others = view.heartbeats();
            diagnosis.causes().forEach(stuck -> others[stuck.cpu()] = Long.MAX_VALUE);
            return diagnosis.causes().stream()
                            .allMatch(stuck -> stuck.interruptsDisabled()
                                    && stuck.functions().stream()
                                            .allMatch(name ->
                                                    Arch.guest().functions().is(name, Role.ENDLESS)))
                    && OutsideWatch.haveBeaten(before, others, BEATS);
        }
    }

    /** Returns a counter that the NMI should have moved but did not. A machine that merely lives proves nothing. */
    private Optional<String> missing(VirtualMachine machine) throws IOException {
        for (Anchor.Counter counter : anchor.counters()) {
            long value = counter.in(machine);
            if (value < counter.required()) {
                return Optional.of("control " + counter.name() + " saw " + value + " of " + counter.required());
            }
        }
        return Optional.empty();
    }

    private static Finding deadlock(Evidence evidence) {
        return new Finding(Verdict.DEADLOCK, Optional.of(waitsFor(evidence)), Optional.empty());
    }

    /**
     * Returns the lock that a dead CPU waits for. If it has no name but its address, which differs from boot to boot, the
     * function that takes it stands for it.
     */
    public static String waitsFor(Evidence evidence) {
        return evidence.locks().stream()
                .map(LockRef::name)
                .filter(name -> !ADDRESS.matcher(name).matches())
                .findFirst()
                .or(() -> evidence.function().map(taker -> "a lock taken in " + taker))
                .orElse(evidence.title());
    }
}
