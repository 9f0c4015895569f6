// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.evidence.ConsoleParser;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.ParserOptions;
import io.ksplat.forensics.Autopsy;
import io.ksplat.forensics.Diagnosis;
import io.ksplat.forensics.HangWatch;
import io.ksplat.guest.Guest;
import io.ksplat.guest.KernelFacts;
import io.ksplat.guest.Pace;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Symbols;
import io.ksplat.vm.Console;
import io.ksplat.vm.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Looks at a machine from outside, during the test method (the console) and after it (all else), until the verdict is certain. */
final class Observation implements Console.Reader {
    /** How long a machine may take to fulfil its controls, or to show that it is stuck. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    /** Where a control cannot pass any more, only evidence is waited for. */
    private static final Duration HOPELESS = Duration.ofMillis(500);

    /** A report that stops in the middle is taken as it is. */
    private static final Duration QUIET = Duration.ofMillis(200);

    /** Beats of every CPU after the last change, before a machine counts as alive. */
    private static final int BEATS = 10;

    /** Evidence that alone proves no deadlock: the view from outside decides. */
    private static final Set<EvidenceKind> UNCERTAIN = Set.of(
            EvidenceKind.RCU_STALL,
            EvidenceKind.SOFT_LOCKUP,
            EvidenceKind.HARD_LOCKUP,
            EvidenceKind.HUNG_TASK,
            EvidenceKind.WORKQUEUE_LOCKUP);

    private final Guest guest;
    private final KernelFacts facts;
    private final Cache cache;
    private final long started;
    private final List<Evidence> evidence = new ArrayList<>();
    private final ConsoleParser parser = new ConsoleParser(this::found, ParserOptions.NMI_EXPERIMENT);
    private Symbols symbols;
    private OptionalLong firstEvidenceMs = OptionalLong.empty();

    /** Watches from now on; {@code started} is the run's beginning, as {@link System#nanoTime()}. */
    Observation(Guest guest, KernelFacts facts, Symbols symbols, Cache cache, long started) {
        this.guest = guest;
        this.facts = facts;
        this.symbols = symbols;
        this.cache = cache;
        this.started = started;
    }

    /** All that was seen. */
    record Outcome(List<Evidence> evidence, List<Control> controls, boolean everyCpuAlive, Optional<String> trouble) {}

    /** Reads the controls from outside. */
    @FunctionalInterface
    interface ControlReader {
        List<Control> read() throws IOException;
    }

    /** Tells what addresses mean, now that programs are loaded. */
    void symbols(Symbols withPrograms) {
        this.symbols = withPrograms;
    }

    synchronized OptionalLong firstEvidenceMs() {
        return firstEvidenceMs;
    }

    @Override
    public void feed(byte[] buffer, int offset, int length) {
        synchronized (parser) {
            parser.feed(buffer, offset, length);
        }
    }

    private synchronized void found(Evidence found) {
        if (firstEvidenceMs.isEmpty()) {
            firstEvidenceMs = OptionalLong.of((System.nanoTime() - started) / 1_000_000);
        }
        evidence.add(found);
    }

    private synchronized List<Evidence> foundSoFar() {
        return List.copyOf(evidence);
    }

    /**
     * Watches until there is evidence, or every control has passed and every CPU lives, or time is up.
     *
     * @param hopeless whether some control cannot pass any more
     */
    Outcome watch(ControlReader reader, Testimony testimony, boolean hopeless) {
        List<Control> controls = List.of();
        boolean alive = false;
        try {
            Deadline deadline = Deadline.in(guest.vm().config().accelerator().scale(hopeless ? HOPELESS : PATIENCE));
            HangWatch hangs = new HangWatch(guest, symbols);
            int known = -1;
            long[] baseline = {};
            while (!deadline.expired()) {
                if (guest.vm().exit().isDone()) {
                    return outcome(
                            controls,
                            false,
                            Optional.of("QEMU ended: " + guest.vm().lastWords()));
                }
                Diagnosis diagnosis = hangs.sample();
                if (diagnosis.isStuck()) {
                    found(new Autopsy(guest.vm(), facts, symbols, cache).of(diagnosis));
                    return outcome(reader.read(), false, Optional.empty());
                }
                boolean quiet = quiet();
                List<Control> now = reader.read();
                testimony.refusals().forEach(this::found);
                List<Evidence> soFar = foundSoFar();
                if (known != soFar.size() || !now.equals(controls)) {
                    known = soFar.size();
                    controls = now;
                    baseline = guest.heartbeats().read();
                }
                alive = beatSince(baseline);
                if (alive) {
                    testimony.streams().forEach(this::found);
                    soFar = foundSoFar();
                }
                if (quiet && isDecided(soFar, controls, alive)) {
                    break;
                }
                Pace.pause();
            }
            return outcome(controls, alive, Optional.empty());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return outcome(controls, false, Optional.of("interrupted while watching the machine"));
        } catch (IOException e) {
            return outcome(controls, false, Optional.of(String.valueOf(e.getMessage())));
        }
    }

    private static boolean isDecided(List<Evidence> soFar, List<Control> controls, boolean alive) {
        if (soFar.isEmpty()) {
            return alive && !controls.isEmpty() && controls.stream().allMatch(Control::passed);
        }
        if (soFar.stream().allMatch(found -> UNCERTAIN.contains(found.kind()))) {
            return false;
        }
        boolean refusalsOnly = soFar.stream()
                .allMatch(
                        found -> found.kind() == EvidenceKind.RQSPINLOCK || found.kind() == EvidenceKind.LOCK_REFUSED);
        return !refusalsOnly || alive;
    }

    /** Whether the console said nothing for a while; what it had begun to say is then taken as it is. */
    private boolean quiet() {
        boolean quiet = System.nanoTime() - guest.vm().console().lastByteNanos() > QUIET.toNanos();
        if (quiet) {
            synchronized (parser) {
                parser.flush();
            }
        }
        return quiet;
    }

    private boolean beatSince(long[] baseline) throws IOException {
        long[] now = guest.heartbeats().read();
        for (int cpu = 0; cpu < now.length; cpu++) {
            if (now[cpu] - baseline[cpu] < BEATS) {
                return false;
            }
        }
        return true;
    }

    private Outcome outcome(List<Control> controls, boolean alive, Optional<String> trouble) {
        synchronized (parser) {
            parser.close();
        }
        return new Outcome(foundSoFar(), controls, alive, trouble);
    }
}
