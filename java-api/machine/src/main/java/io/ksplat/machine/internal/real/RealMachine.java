// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import io.ksplat.evidence.Stack;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.ConsoleLog;
import io.ksplat.machine.GuestKernel;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.Nmi;
import io.ksplat.machine.NmiMode;
import io.ksplat.machine.internal.AgentTarget;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.NmiInjection;
import io.ksplat.machine.internal.nmi.NmiInterceptor;
import io.ksplat.machine.internal.qemu.GuestMemory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** A real machine for the time of one run: the agent on it, its console, and what is seen of it. */
public final class RealMachine extends AgentTarget implements NmiInjection {
    private static final Duration MARK = Duration.ofSeconds(20);
    private static final Duration MARK_AGAIN = Duration.ofSeconds(4);

    private final MachineEntry entry;
    private final AgentLink link;
    private final RealConsole console;
    private final Pulse pulse;
    private final RealNmis nmis;
    private final RealView view;
    private final String taintedBefore;
    private final KeptLog.Keeper keeper;
    private final String bootId;
    private final Progress progress;
    private volatile ConsoleBeats beats = new ConsoleBeats((buffer, offset, length) -> {});
    private volatile long begun = System.nanoTime();
    private boolean closed;
    private boolean sound;
    private boolean back;
    private boolean told;
    private String token = "";

    private RealMachine(
            MachineEntry entry, Reach reach, AgentLink link, RealConsole console, String bootId, Progress progress)
            throws IOException {
        super(link.client());
        this.bootId = bootId;
        this.progress = progress;
        this.keeper = KeptLog.Keeper.of(link.client());
        this.entry = entry;
        this.link = link;
        this.console = console;
        this.pulse = new Pulse(link);
        this.nmis = new RealNmis(entry, link.client(), link.hello().getCpus());
        this.view = new RealView(entry, reach, this, pulse, nmis);
        this.taintedBefore = pulse.tainted();
    }

    /**
     * Takes a machine that runs.
     *
     * @param consoleLog where its console goes
     * @param bootId of the boot that runs
     */
    static RealMachine open(MachineEntry entry, Reach reach, Path consoleLog, String bootId, Progress progress)
            throws IOException {
        reach.connect();
        AgentLink link = AgentLink.start(entry, reach);
        RealConsole console = null;
        try {
            console = RealConsole.open(entry, reach, consoleLog);
            return new RealMachine(entry, reach, link, console, bootId, progress);
        } catch (IOException | RuntimeException e) {
            link.close();
            if (console != null) {
                console.close();
            }
            throw e;
        }
    }

    /** Returns whether its console has dropped nothing since the experiment began. */
    boolean isConsoleWhole() {
        return !beats.hasDropped();
    }

    /** Returns whether its kernel has reported nothing that taints it, as far as it was asked. */
    boolean isUntainted() {
        return pulse.tainted().equals(taintedBefore);
    }

    /** Returns why its console says nothing any more; empty while it is open. */
    Optional<String> consoleEnd() {
        return console.ended()
                .map(why -> "the console of " + entry.name() + " ("
                        + entry.console().inWords() + ") has ended: " + why);
    }

    /** Returns when its console was last heard, since the experiment began. */
    long consoleNanos() {
        return Math.max(console.log().lastByteNanos(), begun);
    }

    /** Returns whether its console shows that a kernel boots there. */
    boolean boots() {
        return beats.hasBooted();
    }

    /**
     * Has it back after it was lost: it reboots by itself, or is reset. What its console says from now on is not of the run.
     *
     * @return the lines that it has kept of its kernel's log since the mark of the run; empty if it keeps none
     */
    List<String> kept(Reach reach) throws IOException {
        if (!keeper.keeps() || !(keeper.reboots() || entry.reset().isPresent())) {
            return List.of();
        }
        beats.end();
        progress.report(entry.name() + ": it was lost; waiting for what it has kept of its kernel's log");
        Reset reset = new Reset(entry, reach);
        back = keeper.reboots() && reset.awaitAnother(bootId);
        if (!back && entry.reset().isPresent()) {
            reset.reset(bootId, progress);
            back = true;
        }
        reach.connect();
        List<String> lines = KeptLog.read(reach, "/", token);
        told = !lines.isEmpty();
        return lines;
    }

    String bootId() {
        return bootId;
    }

    ConsoleBeats.Beat lastBeat() {
        return beats.last();
    }

    List<Stack> backtraces() {
        return beats.backtraces();
    }

    @Override
    public long ranNanos() {
        return System.nanoTime();
    }

    @Override
    public Optional<GuestMemory> physical() {
        return Optional.empty();
    }

    @Override
    public GuestKernel kernel() {
        return GuestKernel.of(link.hello());
    }

    @Override
    public ConsoleLog console() {
        return console.log();
    }

    /** A console that is only about to be connected shows nothing of the first mark: it is written until it is seen. */
    private boolean awaitMark(CompletableFuture<Void> marked)
            throws IOException, InterruptedException, ExecutionException, TimeoutException {
        Deadline limit = Deadline.in(scale(MARK));
        while (true) {
            try {
                CompletableFuture.anyOf(marked, console.console().ended())
                        .get(MARK_AGAIN.toMillis(), TimeUnit.MILLISECONDS);
                return marked.isDone();
            } catch (TimeoutException e) {
                if (limit.expired()) {
                    throw e;
                }
                mark(token);
            }
        }
    }

    /** Marks in the console where the experiment begins: a console that does not show it is none. */
    @Override
    public void beginExperiment(String mark, ConsoleLog.Reader reader) throws IOException {
        token = mark;
        beats = new ConsoleBeats(reader);
        CompletableFuture<Void> marked = mark(console.console(), token, beats);
        try {
            if (!awaitMark(marked)) {
                throw new MachineException("the console of " + entry.name() + " ("
                        + entry.console().inWords() + ") has ended: "
                        + console.ended().orElse("it says no more"));
            }
            begun = System.nanoTime();
        } catch (TimeoutException e) {
            throw new MachineException(
                    "the console of " + entry.name() + " (" + entry.console().inWords()
                            + ") does not show what its kernel says: nothing of a mark within "
                            + scale(MARK).toSeconds()
                            + " s; see " + console.log().file() + ", and whether the boot line names that console");
        } catch (ExecutionException e) {
            throw new MachineException("reading the console of " + entry.name() + " failed: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while waiting for the console of " + entry.name(), e);
        }
    }

    @Override
    public void resumeExperiment(ConsoleLog.Reader reader) {
        throw new IllegalStateException("a real machine is not restored");
    }

    @Override
    public Duration scale(Duration time) {
        return entry.scale(time);
    }

    @Override
    public <C extends Capability> Optional<C> find(Class<C> capability) {
        return Stream.of(this, view)
                .filter(capability::isInstance)
                .map(capability::cast)
                .findFirst();
    }

    @Override
    public Nmi nmi(
            KernelInfo known,
            Symbols symbols,
            NmiMode mode,
            BooleanSupplier evidence,
            Optional<NmiInterceptor> interceptor) {
        return new Nmi(nmis, known, symbols, mode, evidence);
    }

    /** Returns whether it was lost, and nothing tells why: neither the connection nor the console said anything any more. */
    public boolean isLost() {
        return view.isLost() && !told;
    }

    /** Returns whether it has been booted again since it was lost. */
    public boolean isBack() {
        return back;
    }

    /** Returns whether its kernel has crashed and left it to kdump, which a reset would disturb. */
    public boolean savesDump() {
        return keeper.kdump() && beats.hasPanicked() && !back;
    }

    /** Returns, once it is closed, whether the next run may have it as it is: it answered, every CPU beat, and nothing tainted its kernel. */
    public boolean isSound() {
        return sound;
    }

    /** A kernel that has reported something is not the one to go on with. */
    private boolean checkSound() {
        if (view.ended().isPresent() || !view.everyCpuBeats()) {
            return false;
        }
        try {
            return Pulse.tainted(agent()).equals(taintedBefore)
                    && kernel().lockdepOn()
                            .equals(GuestKernel.of(agent().sayHello()).lockdepOn());
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        sound = checkSound();
        pulse.close();
        try {
            console.close();
        } finally {
            link.close();
            sound &= link.hasEnded();
        }
    }
}
