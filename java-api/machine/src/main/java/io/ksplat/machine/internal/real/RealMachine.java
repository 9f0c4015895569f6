// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import io.ksplat.evidence.Stack;
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

    private final MachineEntry entry;
    private final AgentLink link;
    private final RealConsole console;
    private final Pulse pulse;
    private final RealNmis nmis;
    private final RealView view;
    private final String taintedBefore;
    private volatile ConsoleBeats beats = new ConsoleBeats((buffer, offset, length) -> {});
    private volatile long begun = System.nanoTime();
    private boolean closed;
    private boolean sound;

    private RealMachine(MachineEntry entry, Reach reach, AgentLink link, RealConsole console) throws IOException {
        super(link.client());
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
     */
    public static RealMachine open(MachineEntry entry, Reach reach, Path consoleLog) throws IOException {
        reach.connect();
        AgentLink link = AgentLink.start(entry, reach);
        RealConsole console = null;
        try {
            console = RealConsole.open(entry, reach, consoleLog);
            return new RealMachine(entry, reach, link, console);
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

    /** Marks in the console where the experiment begins: a console that does not show it is none. */
    @Override
    public void beginExperiment(String token, ConsoleLog.Reader reader) throws IOException {
        beats = new ConsoleBeats(reader);
        CompletableFuture<Void> marked = mark(console.console(), token, beats);
        try {
            CompletableFuture.anyOf(marked, console.console().ended())
                    .get(scale(MARK).toMillis(), TimeUnit.MILLISECONDS);
            if (!marked.isDone()) {
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

    /** Returns whether it was lost: neither the connection nor the console said anything any more. */
    public boolean isLost() {
        return view.isLost();
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
        }
    }
}
