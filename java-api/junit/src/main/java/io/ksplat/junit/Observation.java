// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.ksplat.bpf.BpfLine;
import io.ksplat.bpf.BpfObject;
import io.ksplat.evidence.ConsoleParser;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Findings;
import io.ksplat.evidence.ParserOptions;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Task;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.Poll;
import io.ksplat.machine.internal.forensics.HangAnalysis;
import io.ksplat.machine.internal.forensics.hang.Diagnosis;
import io.ksplat.machine.internal.forensics.hang.HangWatch;
import io.ksplat.machine.internal.forensics.unwind.SourceFrames;
import io.ksplat.machine.internal.qemu.Console;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Looks at a machine from outside, during the test method (the console) and after it (all else), until the verdict is certain. */
final class Observation implements Console.Reader {
    /** How long a machine may take to fulfil its controls, or to show that it is stuck. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    /** Where a control cannot pass any more, only evidence is waited for. */
    private static final Duration HOPELESS = Duration.ofMillis(500);

    /** What a machine that reported a deadlock may take to be called stuck as well; the verdict does not wait for it. */
    private static final Duration HANG = Duration.ofSeconds(3);

    /** A report that stops in the middle is taken as it is. */
    private static final Duration QUIET = Duration.ofMillis(200);

    /** A console that does not fall silent, of a machine that is stuck, is listened to no longer than this. */
    private static final Duration HEARING = Duration.ofSeconds(1);

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
    private final KernelInfo facts;
    private final Cache cache;
    private final long started;
    private final List<Evidence> evidence = new ArrayList<>();
    private final ConsoleParser parser = new ConsoleParser(this::found, this::options);
    private final List<BpfLine> lines = new ArrayList<>();
    private Symbols symbols;
    private boolean fromMemory;
    private OptionalLong firstEvidenceMs = OptionalLong.empty();

    /** Watches from now on; {@code started} is the run's beginning, as {@link System#nanoTime()}. */
    Observation(Guest guest, KernelInfo facts, Symbols symbols, Cache cache, long started) {
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

    /** Tells what addresses mean, now that an object's programs are loaded. */
    void loaded(BpfObject object, Symbols withPrograms) {
        lines.addAll(object.lines());
        this.symbols = withPrograms;
    }

    synchronized OptionalLong firstEvidenceMs() {
        return firstEvidenceMs;
    }

    private ParserOptions options() {
        return guest.vm().nmiInjected() ? ParserOptions.NMI_EXPERIMENT : ParserOptions.DEFAULT;
    }

    /** Lines of the console that ksplat itself caused and passed over, for people. */
    List<String> ignored() {
        synchronized (parser) {
            return parser.ignored().entrySet().stream()
                    .sorted(Map.Entry.comparingByKey())
                    .map(noise -> "passed over on the console: " + noise.getValue() + " of \""
                            + noise.getKey().keyword().strip() + "\"")
                    .toList();
        }
    }

    @Override
    public void feed(byte[] buffer, int offset, int length) {
        synchronized (parser) {
            parser.feed(buffer, offset, length);
        }
    }

    /** Goes on reading where the console ended: what is found now was not seen there. */
    private void hear(List<String> unsaid) throws IOException {
        if (unsaid.isEmpty()) {
            return;
        }
        String text = String.join("\n", unsaid) + "\n";
        Files.writeString(guest.vm().console().file().resolveSibling("log-from-memory.log"), text);
        byte[] bytes = ("\n" + text).getBytes(ISO_8859_1);
        synchronized (parser) {
            fromMemory = true;
            parser.feed(bytes, 0, bytes.length);
            parser.flush();
        }
    }

    private synchronized void found(Evidence seen) {
        Evidence found = fromMemory && seen.source() == Source.CONSOLE ? seen.from(Source.OUTSIDE) : seen;
        if (firstEvidenceMs.isEmpty()) {
            firstEvidenceMs = OptionalLong.of((System.nanoTime() - started) / 1_000_000);
        }
        evidence.add(found);
    }

    private List<Task> hungTasks() {
        return foundSoFar().stream()
                .map(Evidence::details)
                .filter(Details.Hang.class::isInstance)
                .map(details -> ((Details.Hang) details).task())
                .distinct()
                .toList();
    }

    /** Whether there is evidence by now. */
    boolean hasFound() {
        return !foundSoFar().isEmpty();
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
        Outcome seen = look(reader, testimony, hopeless);
        try {
            return new Outcome(sources().locate(seen.evidence), seen.controls, seen.everyCpuAlive, seen.trouble);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return seen;
        }
    }

    private Outcome look(ControlReader reader, Testimony testimony, boolean hopeless) {
        List<Control> controls = List.of();
        boolean alive = false;
        try {
            Deadline deadline = Deadline.in(guest.vm().config().accelerator().scale(hopeless ? HOPELESS : PATIENCE));
            HangWatch hangs = new HangWatch(guest, symbols);
            int known = -1;
            long[] baseline = {};
            Optional<Deadline> hang = Optional.empty();
            Deadline last = Deadline.in(guest.vm().config().accelerator().scale(PATIENCE));
            // A CPU whose heart stands still has yet to be called stuck: on a busy host that takes longer.
            while (!deadline.expired() || (!alive && !last.expired())) {
                if (guest.vm().exit().isDone()) {
                    return outcome(
                            controls,
                            false,
                            Optional.of("QEMU ended: " + guest.vm().lastWords()));
                }
                Diagnosis diagnosis = hangs.sample();
                if (diagnosis.isStuck()) {
                    hearOut();
                    HangAnalysis.Findings findings = autopsy().of(diagnosis);
                    hear(findings.unsaid());
                    found(findings.evidence());
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
                // A deadlock that the kernel itself reported tells more once its CPU is called stuck: who holds what.
                if (hang.isEmpty() && isDeadlock(soFar)) {
                    hang = Optional.of(Deadline.in(HANG));
                }
                boolean mayYetHang = !alive
                        && !diagnosis.panicked()
                        && hang.isPresent()
                        && !hang.get().expired();
                if (quiet && !mayYetHang && isDecided(soFar, controls, alive)) {
                    break;
                }
                Poll.pause();
            }
            if (!alive) {
                hear(autopsy().unsaid());
            }
            List<Task> hung = hungTasks();
            if (!hung.isEmpty()) {
                autopsy().ofSleepers(hung).ifPresent(this::found);
            }
            return outcome(controls, alive, Optional.empty());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return outcome(controls, false, Optional.of("interrupted while watching the machine"));
        } catch (IOException e) {
            return outcome(controls, false, Optional.of(String.valueOf(e.getMessage())));
        }
    }

    /**
     * Keeps what is left of a machine that ended with evidence.
     *
     * @return how to get at it, a line each
     */
    List<String> preserve(Path folder, boolean vmcore, boolean keep) throws IOException {
        List<String> notes = new ArrayList<>();
        Optional<String> vmlinux = facts.kernel().debugVmlinux().map(Path::toString);
        if (vmcore) {
            Path core = folder.resolve("vmcore");
            autopsy().dump(core);
            String modules = symbols.address("modules").isPresent() ? "" : "--no_modules ";
            notes.add("memory: " + core
                    + vmlinux.map(file ->
                                    "; drgn -c " + core + " -s " + file + ", or crash " + modules + file + " " + core)
                            .orElse(""));
        }
        if (keep) {
            VirtualMachine.Kept kept = guest.vm().keep();
            notes.add("the machine waits: gdb " + vmlinux.orElse("-ex 'set architecture i386:x86-64'")
                    + " -ex 'target remote " + kept.gdb() + "'");
            notes.add("end it: kill " + kept.guard());
        }
        return notes;
    }

    private HangAnalysis autopsy() {
        return new HangAnalysis(guest.vm(), facts, symbols, sources(), cache);
    }

    private SourceFrames sources() {
        return new SourceFrames(facts.kernel(), symbols, lines);
    }

    private static boolean isDeadlock(List<Evidence> soFar) {
        return new Findings(soFar, List.of(), false).verdict() == Verdict.DEADLOCK;
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

    /** What the kernel reported of its own death comes before what is seen from outside, whole, however soon that was seen. */
    private void hearOut() throws IOException {
        Deadline deadline = Deadline.in(HEARING);
        while (!quiet() && !deadline.expired()) {
            Poll.pause();
        }
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
