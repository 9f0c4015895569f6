// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Findings;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.internal.StalledCpus;
import io.ksplat.evidence.internal.sleep.SeenTask;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.OutsideView;
import io.ksplat.machine.internal.Poll;
import io.ksplat.machine.internal.SelfCheck;
import io.ksplat.machine.internal.forensics.HangAnalysis;
import io.ksplat.machine.internal.forensics.hang.Awaited;
import io.ksplat.machine.internal.forensics.hang.Diagnosis;
import io.ksplat.machine.internal.forensics.hang.Suspicion;
import io.ksplat.machine.internal.forensics.pending.ArmedTimer;
import io.ksplat.machine.internal.forensics.pending.Pending;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What is seen of a real machine: its heartbeats over the connection, and its console. That a CPU hangs is certain only if the kernel's
 * own report says where, and its heart stands still. That the machine is lost is certain only if the connection and the console are both
 * silent, and it answers neither a new connection nor an NMI.
 */
final class RealView implements OutsideView {
    /** How long the kernel is waited for to report a CPU whose heart stands still: its RCU stall detector takes up to a minute. */
    private static final long REPORT_NS = 100_000_000_000L;

    /** Without an answer for so long, the connection counts as lost. */
    private static final Duration SILENT = Duration.ofSeconds(15);

    /** The agent writes to the kernel's log every 5 s, without being asked. */
    private static final Duration CONSOLE_SILENT = Duration.ofSeconds(20);

    private static final Duration NOTICE = Duration.ofSeconds(5);

    private final MachineEntry entry;
    private final Reach reach;
    private final RealMachine machine;
    private final Pulse pulse;
    private final RealNmis nmis;
    private @Nullable Loss loss;
    /** When its end was noticed; 0 before. */
    private long consoleEnd;

    /** Why nothing more is known of the machine, and what is lost. */
    private record Loss(String why, Lost lost) {}

    private enum Lost {
        /** The machine lives. */
        CONNECTION,
        /** The machine may live. */
        UNKNOWN,
        MACHINE
    }

    RealView(MachineEntry entry, Reach reach, RealMachine machine, Pulse pulse, RealNmis nmis) {
        this.entry = entry;
        this.reach = reach;
        this.machine = machine;
        this.pulse = pulse;
        this.nmis = nmis;
    }

    @Override
    public Findings.Visibility visibility() {
        return Findings.Visibility.CONSOLE_ONLY;
    }

    boolean isLost() {
        Loss known = loss;
        return known != null && known.lost() == Lost.MACHINE;
    }

    @Override
    public synchronized Optional<String> ended() {
        IOException end = pulse.end();
        long silent = System.nanoTime() - pulse.latest().hostNanos();
        if (loss == null && (end != null || silent > entry.scale(SILENT).toNanos())) {
            loss = investigate(
                    end == null ? "no answer for " + silent / 1_000_000_000 + " s" : String.valueOf(end.getMessage()));
        }
        if (machine.boots() && (loss == null || loss.lost() == Lost.CONNECTION)) {
            loss = new Loss("the machine was lost: its console shows that it boots again", Lost.MACHINE);
        }
        if (loss == null) {
            loss = consoleLoss();
        }
        return Optional.ofNullable(loss).map(Loss::why);
    }

    /** What a machine does whose console is not heard is not known, however well it lives. */
    private @Nullable Loss consoleLoss() {
        long now = System.nanoTime();
        Optional<String> over = machine.consoleEnd();
        if (over.isPresent()) {
            if (consoleEnd == 0) {
                consoleEnd = now;
            }
            // That of a connection that is lost ends with it: an answer that comes later tells that it is not.
            return pulse.latest().hostNanos() > consoleEnd ? new Loss(over.get(), Lost.CONNECTION) : null;
        }
        long silent = now - machine.consoleNanos();
        // A stuck CPU may be the one that would write to it: the kernel is waited for then.
        if (silent > entry.scale(CONSOLE_SILENT).toNanos() && everyCpuBeats()) {
            return new Loss(
                    "the console of " + entry.name() + " (" + entry.console().inWords() + ") has been silent for "
                            + silent / 1_000_000_000
                            + " s, although the agent writes to the kernel's log every 5 s: what the kernel said is not known",
                    Lost.CONNECTION);
        }
        return null;
    }

    /** Finds out whether the machine is lost, or the connection alone. */
    private Loss investigate(String why) {
        String connection = "the connection to " + entry.name() + " is lost (" + why + ")";
        String refusal;
        try {
            return Boot.readAnew(reach).id().equals(machine.bootId())
                    ? new Loss(connection + ", but the machine answers a new one", Lost.CONNECTION)
                    : new Loss(
                            "the machine was lost: " + connection + ", and another boot answers a new one",
                            Lost.MACHINE);
        } catch (IOException e) {
            refusal = String.valueOf(e.getMessage());
        }
        if (entry.console() instanceof ConsoleSource.Kmsg) {
            return new Loss(
                    connection + ", a new one fails (" + refusal
                            + "), and its console went over it: whether the machine lives cannot be told",
                    Lost.UNKNOWN);
        }
        long from = Math.max(pulse.latest().hostNanos(), System.nanoTime() - CONSOLE_SILENT.toNanos());
        if (isHeardWithin(from, entry.scale(CONSOLE_SILENT))) {
            return new Loss(
                    connection + ", a new one fails (" + refusal + "), but its console goes on", Lost.CONNECTION);
        }
        String nmi = "";
        if (entry.nmi().isPresent()) {
            long asked = System.nanoTime();
            try {
                nmis.poke();
                nmi = ", an NMI is not answered";
            } catch (IOException e) {
                nmi = ", and an NMI cannot be sent (" + e.getMessage() + ")";
            }
            if (isHeardWithin(asked, entry.scale(CONSOLE_SILENT))) {
                return new Loss(
                        connection + ", a new one fails (" + refusal
                                + "), but its kernel answers an NMI on the console",
                        Lost.CONNECTION);
            }
        }
        return new Loss(
                "the machine was lost: " + connection + ", a new one fails (" + refusal + "), its console is silent"
                        + nmi,
                Lost.MACHINE);
    }

    /** Whether the console says something that comes after a moment. */
    private boolean isHeardWithin(long fromNanos, Duration limit) {
        Deadline deadline = Deadline.in(limit);
        while (machine.console().lastByteNanos() <= fromNanos && !deadline.expired()) {
            try {
                Poll.pause();
            } catch (IOException e) {
                return false;
            }
        }
        return machine.console().lastByteNanos() > fromNanos;
    }

    @Override
    public long[] heartbeats() {
        return pulse.latest().hearts();
    }

    @Override
    public Optional<long[]> heartbeatsSince(long nanos) {
        return pulse.latest().heartsSince(nanos);
    }

    @Override
    public OptionalLong guestNanos() {
        return pulse.clock();
    }

    @Override
    public boolean nmiInjected() {
        return nmis.hasSent();
    }

    boolean everyCpuBeats() {
        return pulse.latest().still(machine.lastBeat()).isEmpty();
    }

    @Override
    public List<Evidence> explained(Supplier<List<Evidence>> found) {
        List<Evidence> known = found.get();
        Pulse.Sample now = pulse.latest();
        ConsoleBeats.Beat told = machine.lastBeat();
        if (known.stream().anyMatch(each -> each.kind() == EvidenceKind.CPU_STUCK) || !now.isSettled(told)) {
            return List.of();
        }
        return StalledCpus.stuck(known, now.still(told), machine.backtraces())
                .map(List::of)
                .orElse(List.of());
    }

    /** Waits, while hearts stand still and the console tells of it, until the kernel has reported where. */
    private List<Evidence> reported(Supplier<List<Evidence>> found) {
        Deadline limit = Deadline.in(Duration.ofNanos(REPORT_NS));
        List<Evidence> known = explained(found);
        while (known.isEmpty() && !isLost() && !everyCpuBeats() && !limit.expired()) {
            try {
                Poll.pause();
            } catch (IOException e) {
                return known;
            }
            known = explained(found);
        }
        return known;
    }

    /** Who asked the agent last learns of a connection's end a moment before whoever asks for its heartbeats. */
    private Optional<String> noticed() {
        Deadline limit = Deadline.in(NOTICE);
        Optional<String> end = ended();
        while (end.isEmpty() && !limit.expired()) {
            try {
                Poll.pause();
            } catch (IOException e) {
                return end;
            }
            end = ended();
        }
        return end;
    }

    @Override
    public List<Evidence> remains(Supplier<List<Evidence>> found) {
        Optional<String> end = noticed();
        List<Evidence> all = new ArrayList<>(reported(found));
        if (end.isPresent() && isLost()) {
            all.add(Evidence.builder(EvidenceKind.MACHINE_LOST, end.get(), "machine-lost")
                    .source(Source.OUTSIDE)
                    .build());
        }
        return all;
    }

    /** Of a machine that lives, and has only lost its connection, nothing is asked. */
    @Override
    public List<String> kept() throws IOException {
        Loss known = loss;
        return known == null || known.lost() == Lost.CONNECTION ? List.of() : machine.kept(reach);
    }

    @Override
    public Sampler sampler(Symbols symbols, double patience) {
        return () -> new Diagnosis(List.of(), List.of(), false, pulse.latest().lives(REPORT_NS));
    }

    @Override
    public Analysis analysis(Known known) {
        return new NoMemory();
    }

    @Override
    public Pending pending(KernelInfo kernel, Symbols symbols) {
        return new Pending() {
            @Override
            public OptionalLong guestNanos() {
                return pulse.clock();
            }

            @Override
            public boolean canTell() {
                return false;
            }

            @Override
            public Optional<List<ArmedTimer>> timers() {
                return Optional.empty();
            }
        };
    }

    @Override
    public List<SelfCheck> selfChecks(Symbols symbols) throws IOException {
        return SelfCheck.told(pulse.lockdep(), machine::isUntainted, machine::isConsoleWhole, symbols);
    }

    @Override
    public List<SelfCheck> restored(List<SelfCheck> before) {
        throw new IllegalStateException("a real machine is not restored");
    }

    /** The memory of a real machine is not read. */
    private static final class NoMemory implements Analysis {
        @Override
        public Map<Integer, Awaited> waits(Diagnosis diagnosis) {
            return Map.of();
        }

        @Override
        public Optional<HangAnalysis.Findings> proof(Diagnosis diagnosis, Suspicion suspicion) {
            return Optional.empty();
        }

        @Override
        public HangAnalysis.Findings busy(Diagnosis diagnosis) {
            Diagnosis.Life silent = diagnosis.lives().stream()
                    .max(java.util.Comparator.comparingLong(Diagnosis.Life::silentNs))
                    .orElseThrow();
            return new HangAnalysis.Findings(
                    Evidence.builder(
                                    EvidenceKind.CPU_BUSY,
                                    "the heart of CPU " + silent.cpu() + " stands still for "
                                            + silent.silentNs() / 1_000_000_000
                                            + " s, and the kernel does not report where it is",
                                    "cpu-busy:unreported")
                            .cpu(silent.cpu())
                            .source(Source.OUTSIDE)
                            .build(),
                    List.of());
        }

        @Override
        public List<Evidence> behind(Diagnosis diagnosis) {
            return List.of();
        }

        @Override
        public List<SeenTask> tasks() {
            return List.of();
        }

        @Override
        public SleepFindings ofSleepers(Sleepers sleepers) {
            return new SleepFindings(List.of(), false, false);
        }

        @Override
        public List<String> unprinted() {
            return List.of();
        }
    }
}
