// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.Heartbeats;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.Poll;
import io.ksplat.machine.internal.forensics.HangAnalysis;
import io.ksplat.machine.internal.forensics.hang.Diagnosis;
import io.ksplat.machine.internal.forensics.hang.HangWatch;
import io.ksplat.machine.internal.forensics.unwind.SourceFrames;
import io.ksplat.machine.internal.nmi.Anchor;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import io.ksplat.machine.internal.snapshot.Template;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Says whether a machine lives on after an NMI, from outside. */
final class PointJudge {
    private static final Duration LIMIT = Duration.ofSeconds(8);

    /** Of every CPU, after the NMI. A beat is 10 ms, and a CPU that beats has left whatever the NMI interrupted. */
    private static final int BEATS = 3;

    /**
     * A CPU that was seen in nothing but a lock's slow path, while all others lived, is not watched as long as one that may be at
     * something lengthy. The borders of what is found so are measured again with all patience.
     */
    private static final double HASTE = 0.15;

    private static final Set<String> SLOW_PATHS = Set.of(
            "native_queued_spin_lock_slowpath",
            "queued_spin_lock_slowpath",
            "queued_read_lock_slowpath",
            "queued_write_lock_slowpath",
            "do_raw_spin_lock",
            "_raw_spin_lock",
            "_raw_spin_lock_irqsave");

    private static final Pattern TAKER = Pattern.compile(" taken in (\\S+)");

    private final Anchor anchor;
    private final Template template;
    private final KernelInfo facts;
    private final Symbols symbols;
    private final Cache cache;

    PointJudge(Anchor anchor, Template template, KernelInfo facts, Symbols symbols, Cache cache) {
        this.anchor = anchor;
        this.template = template;
        this.facts = facts;
        this.symbols = symbols;
        this.cache = cache;
    }

    /** What was seen. */
    record Finding(Verdict verdict, Optional<String> waitsFor, Optional<String> message) {
        static Finding of(Verdict verdict) {
            return new Finding(verdict, Optional.empty(), Optional.empty());
        }

        static Finding unclear(Verdict verdict, String message) {
            return new Finding(verdict, Optional.empty(), Optional.of(message));
        }
    }

    /**
     * Watches a machine until it is certain.
     *
     * @param thorough whether a hang is watched for as long as a reproducer's is
     */
    Finding judge(VirtualMachine machine, boolean thorough) throws IOException, InterruptedException {
        Heartbeats hearts = template.heartbeats(machine);
        Watch watch = new Watch(machine, hearts, thorough);
        Deadline deadline = Deadline.in(machine.config().accelerator().scale(LIMIT));
        while (!deadline.expired()) {
            if (machine.exit().isDone()) {
                return Finding.unclear(Verdict.ERROR, "QEMU ended: " + machine.lastWords());
            }
            Diagnosis diagnosis = watch.sample();
            if (diagnosis.panicked()) {
                return Finding.unclear(Verdict.CRASH, "the kernel panicked");
            }
            if (diagnosis.isStuck()) {
                return deadlock(machine, diagnosis);
            }
            if (watch.everyCpuBeats() && missing(machine).isEmpty()) {
                return Finding.of(Verdict.CLEAN);
            }
            Poll.pause();
        }
        return Finding.unclear(
                Verdict.INCONCLUSIVE,
                missing(machine).orElse("neither did every CPU's heart go on to beat, nor was one seen to be stuck")
                        + "; " + places(machine));
    }

    private String places(VirtualMachine machine) throws IOException {
        return machine.registers().stream()
                .map(cpu -> "CPU " + cpu.cpu() + " in "
                        + symbols.at(cpu.rip()).map(Symbol::name).orElse("0x" + Long.toHexString(cpu.rip()))
                        + (cpu.interruptsEnabled() ? "" : " with interrupts off"))
                .collect(Collectors.joining(", "));
    }

    /** Looks with haste, and with patience where that finds a CPU that may only be at something lengthy. */
    private final class Watch {
        private final VirtualMachine machine;
        private final Heartbeats hearts;
        private final boolean thorough;
        private final HangWatch patient;
        private final long[] before;
        private HangWatch hasty;

        Watch(VirtualMachine machine, Heartbeats hearts, boolean thorough) throws IOException {
            this.machine = machine;
            this.hearts = hearts;
            this.thorough = thorough;
            this.patient = new HangWatch(machine, hearts, symbols, 1);
            this.hasty = hasty();
            this.before = hearts.read();
        }

        private HangWatch hasty() throws IOException {
            return new HangWatch(machine, hearts, symbols, HASTE);
        }

        Diagnosis sample() throws IOException {
            if (!thorough) {
                Diagnosis quick = hasty.sample();
                if (!quick.isStuck() || isPlain(quick)) {
                    return quick;
                }
                // What it is seen in from now on may be plain.
                hasty = hasty();
            }
            return patient.sample();
        }

        private boolean isPlain(Diagnosis diagnosis) throws IOException {
            long[] others = hearts.read();
            diagnosis.causes().forEach(stuck -> others[stuck.cpu()] = Long.MAX_VALUE);
            return diagnosis.causes().stream()
                            .allMatch(stuck -> stuck.interruptsDisabled() && SLOW_PATHS.containsAll(stuck.functions()))
                    && haveBeaten(others);
        }

        boolean everyCpuBeats() throws IOException {
            return haveBeaten(hearts.read());
        }

        private boolean haveBeaten(long[] now) {
            for (int cpu = 0; cpu < now.length; cpu++) {
                if (now[cpu] - before[cpu] < BEATS) {
                    return false;
                }
            }
            return true;
        }
    }

    /** A counter that the NMI should have moved and did not: a machine that merely lives proves nothing. */
    private Optional<String> missing(VirtualMachine machine) throws IOException {
        for (Anchor.Counter counter : anchor.counters()) {
            byte[] bytes = Arrays.copyOf(machine.readPhysical(counter.address(), counter.bytes()), Long.BYTES);
            long value = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
            if (value < counter.required()) {
                return Optional.of("control " + counter.name() + " saw " + value + " of " + counter.required());
            }
        }
        return Optional.empty();
    }

    private Finding deadlock(VirtualMachine machine, Diagnosis diagnosis) throws IOException, InterruptedException {
        Evidence evidence = new HangAnalysis(machine, facts, symbols, SourceFrames.none(symbols), cache)
                .of(diagnosis)
                .evidence();
        String waitsFor =
                evidence.locks().stream().map(LockRef::name).findFirst().orElseGet(() -> taker(evidence.title()));
        return new Finding(Verdict.DEADLOCK, Optional.of(waitsFor), Optional.empty());
    }

    /** Where nothing tells the lock, who takes it does. */
    private static String taker(String title) {
        Matcher taker = TAKER.matcher(title);
        return taker.find() ? "a lock taken in " + taker.group(1) : title;
    }
}
