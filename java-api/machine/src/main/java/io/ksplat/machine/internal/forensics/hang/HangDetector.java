// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.hang;

import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.arch.Role;
import io.ksplat.machine.internal.forensics.hang.Diagnosis.Stuck;
import io.ksplat.machine.internal.forensics.locks.SpinLockKind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Distinguishes CPUs that are stuck for good from busy, idle, starved and panicked ones, by samples of a <em>running</em> machine:
 * samples of a paused one would count as run time. Only decides; reads nothing. Not thread-safe.
 */
final class HangDetector {
    private final HangThresholds thresholds;
    private final TreeMap<Integer, Watched> cpus = new TreeMap<>();
    private long lastNs;

    public HangDetector(HangThresholds thresholds) {
        this.thresholds = thresholds;
    }

    /** Adds a sample and returns what all samples show; a CPU that shows a sign of life is no longer stuck. */
    public Diagnosis observe(Sample sample) {
        long gap = Math.min(thresholds.gapNs(), Math.max(0, sample.hostNs() - lastNs));
        lastNs = sample.hostNs();
        for (Sample.Cpu cpu : sample.cpus()) {
            Watched known = cpus.get(cpu.cpu());
            if (known == null) {
                cpus.put(cpu.cpu(), new Watched(cpu, sample.hostNs()));
            } else {
                known.observe(cpu, sample.hostNs(), gap);
            }
        }
        return diagnose();
    }

    /**
     * Returns whether every other CPU was alive since one stopped changing, or has not changed for as long. A CPU that has run user
     * code or been idle has released every spin lock: a CPU that still waits then waits for a lock that nobody will release.
     */
    private boolean othersProveIt(Watched unchanged) {
        return cpus.values().stream()
                .filter(other -> other != unchanged)
                .allMatch(other -> other.livesSeen - unchanged.frozen.livesBefore(other) >= thresholds.samples()
                        || other.frozen.isFull(thresholds.frozenNs()));
    }

    private Diagnosis diagnose() {
        if (hasPanicked()) {
            return new Diagnosis(List.of(), List.of(), true, lives());
        }
        List<Stuck> causes = new ArrayList<>();
        List<Stuck> delayed = new ArrayList<>();
        List<Stuck> waiting = new ArrayList<>();
        for (Watched watched : cpus.values()) {
            watched.stuck().ifPresent(stuck -> {
                if (isIn(stuck, Role.DELAY)) {
                    delayed.add(stuck);
                } else if (isIn(stuck, Role.CPU_WAIT)) {
                    waiting.add(stuck);
                } else {
                    causes.add(stuck);
                }
            });
        }
        // CPUs that all wait for each other are the cause themselves.
        boolean forEachOther = causes.isEmpty() && waiting.size() > 1 && waiting.size() == cpus.size();
        (forEachOther ? causes : delayed).addAll(waiting);
        return new Diagnosis(causes, delayed, false, lives());
    }

    private List<Diagnosis.Life> lives() {
        return cpus.values().stream()
                .map(watched ->
                        new Diagnosis.Life(watched.last.cpu(), watched.livesSeen, watched.silentNs, watched.elsewhere))
                .toList();
    }

    /**
     * Returns whether all CPUs have ended in a panic. The CPU that panics mostly loops in a delay with interrupts enabled, and has
     * stopped all others (kernel/panic.c); a delay alone may be anything.
     */
    private boolean hasPanicked() {
        return cpus.values().stream().allMatch(w -> w.endedSamples >= thresholds.samples())
                && cpus.values().stream().anyMatch(w -> w.seenInPanic || w.stopped);
    }

    /** The history of one CPU. */
    private final class Watched {
        private final Window masked = new Window();
        private final Window open = new Window();
        private final Frozen frozen = new Frozen();
        private int livesSeen;
        private long silentNs;
        private long elsewhere;
        private int maskedSince;
        private Sample.Cpu last;
        private boolean seenInPanic;
        private boolean stopped;
        private int endedSamples;

        Watched(Sample.Cpu first, long nowNs) {
            last = first;
            seenInPanic = is(first.place(), Role.PANIC);
            masked.restart(nowNs);
            open.restart(nowNs);
            frozen.restart();
        }

        void observe(Sample.Cpu cpu, long nowNs, long gapNs) {
            boolean alive = cpu.beats() != last.beats() || cpu.inUserCode() || cpu.isIdle();
            Optional<Long> known = ranBetween(last, cpu);
            long ran = known.orElse(gapNs);
            last = cpu;
            String place = cpu.place();
            seenInPanic = !alive && (seenInPanic || is(place, Role.PANIC));
            stopped = !cpu.interruptsEnabled() && is(place, Role.STOPPED);
            boolean ended = stopped || is(place, Role.PANIC) || (cpu.interruptsEnabled() && is(place, Role.DELAY));
            endedSamples = ended && !alive ? endedSamples + 1 : 0;
            if (alive
                    || cpu.interruptsEnabled()
                    || known.isEmpty()
                    || cpu.registers().isEmpty()) {
                frozen.restart();
            } else {
                frozen.add(cpu.registers(), ran);
            }
            if (alive) {
                livesSeen++;
                silentNs = 0;
                maskedSince = 0;
                masked.restart(nowNs);
                open.restart(nowNs);
                return;
            }
            silentNs += ran;
            // With interrupts disabled only for a moment it is in a handler.
            if (!SpinLockKind.isLocking(place) && (cpu.interruptsEnabled() || maskedSince >= thresholds.samples())) {
                elsewhere++;
            }
            maskedSince = cpu.interruptsEnabled() ? 0 : maskedSince + 1;
            if (cpu.interruptsEnabled()) {
                masked.restart(nowNs);
                open.add(place, ran, nowNs);
            } else {
                masked.add(place, ran, nowNs);
                // An interrupt handler in between: its time counts, but not its function.
                open.ranNs += ran;
                open.samples++;
            }
        }

        Optional<Stuck> stuck() {
            if (stopped) {
                return Optional.empty();
            }
            if (masked.isFull(thresholds.maskedNs())
                    || (masked.isFull(thresholds.frozenNs())
                            && frozen.isFull(thresholds.frozenNs())
                            && othersProveIt(this))) {
                return Optional.of(masked.stuck(last.cpu(), true));
            }
            return last.interruptsEnabled() && open.isFull(thresholds.openNs())
                    ? Optional.of(open.stuck(last.cpu(), false))
                    : Optional.empty();
        }
    }

    /** Consecutive samples with interrupts disabled in which a CPU's general registers alternate between a few values. */
    private final class Frozen {
        /** A loop that reads and compares a lock's word has no more states at the boundaries of QEMU's translation blocks. */
        private static final int STATES = 3;

        private final Set<List<Long>> states = new HashSet<>();
        private final Map<Watched, Integer> lives = new HashMap<>();
        private long ranNs;
        private int samples;

        void restart() {
            states.clear();
            ranNs = 0;
            samples = 0;
            lives.clear();
            cpus.values().forEach(cpu -> lives.put(cpu, cpu.livesSeen));
        }

        void add(List<Long> registers, long ran) {
            states.add(registers);
            if (states.size() > STATES) {
                restart();
                states.add(registers);
                return;
            }
            ranNs += ran;
            samples++;
        }

        /** Returns how often another CPU had been alive when these samples began. */
        int livesBefore(Watched other) {
            return lives.getOrDefault(other, 0);
        }

        /** Needs one sample more than a window: CPUs that a panic has stopped are known by then. */
        boolean isFull(long neededNs) {
            return ranNs >= neededNs && samples > thresholds.samples();
        }
    }

    private static boolean is(String place, Role role) {
        return Arch.guest().functions().is(place, role);
    }

    private static boolean isIn(Stuck stuck, Role role) {
        return stuck.functions().stream().anyMatch(function -> is(function, role));
    }

    private static Optional<Long> ranBetween(Sample.Cpu before, Sample.Cpu after) {
        return before.ranNs().isPresent() && after.ranNs().isPresent()
                ? Optional.of(
                        Math.max(0, after.ranNs().getAsLong() - before.ranNs().getAsLong()))
                : Optional.empty();
    }

    /** Consecutive samples that all fit a stuck CPU. */
    private final class Window {
        private long sinceNs;
        private long ranNs;
        private int samples;
        private boolean delayed;
        private final Set<String> functions = new TreeSet<>();

        void restart(long nowNs) {
            sinceNs = nowNs;
            ranNs = 0;
            samples = 0;
            functions.clear();
        }

        void add(String function, long ran, long nowNs) {
            boolean delays = is(function, Role.DELAY);
            if (delayed && !delays) {
                // A delay is over, for example of the console: the CPU is no victim for what it does from now on.
                restart(nowNs);
            } else {
                ranNs += ran;
            }
            delayed = delays;
            functions.add(function);
            samples++;
            if (functions.size() > thresholds.functions()) {
                restart(nowNs);
                functions.add(function);
            }
        }

        boolean isFull(long neededNs) {
            return ranNs >= neededNs && samples >= thresholds.samples() && !functions.isEmpty();
        }

        Stuck stuck(int cpu, boolean interruptsDisabled) {
            return new Stuck(cpu, sinceNs, ranNs, interruptsDisabled, functions);
        }
    }
}
