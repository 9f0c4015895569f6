// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.engine.MachineNeeds;
import io.ksplat.engine.RunSettings;
import io.ksplat.kernel.Progress;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.Target;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.snapshot.Snapshot;
import io.ksplat.machine.internal.snapshot.Template;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gets a run its machine: one that runs share, one restored from a template or a snapshot, or one that boots. Remembers how it came
 * about, and ends it, also from another thread.
 */
public final class MachineLease {
    private static final Logger LOG = LoggerFactory.getLogger(MachineLease.class);

    private final Targets targets;
    private final Progress progress;
    private final RunSettings settings;
    private final Request request;
    /** Where the machine comes from and goes to, for a run that shares it with others. */
    private final Optional<SharedMachine> shared;

    private final List<String> remarks = new ArrayList<>();
    private int bootRetries;
    private OptionalLong bootMs = OptionalLong.empty();
    private OptionalLong restoreMs = OptionalLong.empty();
    private String origin = "boot";
    private Optional<Watcher> before = Optional.empty();

    /** Written by the thread that interrupts, too. */
    private volatile @Nullable Target target;

    private volatile @Nullable String interrupted;
    private @Nullable Thread waiting;

    /**
     * Who wants a machine.
     *
     * @param id the scenario's, for messages
     * @param apart whether this run must not share a fault with others: it boots cold, under TCG
     */
    public record Request(String id, List<String> bootParameters, MachineNeeds machine, boolean apart) {
        public Request {
            bootParameters = List.copyOf(bootParameters);
        }
    }

    public MachineLease(
            Targets targets, Progress progress, RunSettings settings, Request request, Optional<SharedMachine> shared) {
        this.targets = targets;
        this.progress = progress;
        this.settings = settings;
        this.request = request;
        this.shared = shared;
    }

    /** Returns the machine; empty if there is none yet. */
    public Optional<Target> target() {
        return Optional.ofNullable(target);
    }

    private boolean boots() {
        return settings.fresh() || request.apart || !targets.canFreeze();
    }

    /** Returns whether the machine may be prepared once for many attempts. */
    public boolean mayFreeze() {
        return !boots() && settings.capture().isEmpty() && shared.isEmpty();
    }

    /**
     * Gets a machine.
     *
     * @param more machines like it that are wanted soon
     */
    public void start(KernelInfo kernel, Path consoleLog, int more) throws IOException, InterruptedException {
        Optional<SharedMachine.Kept> kept = shared.flatMap(SharedMachine::take);
        if (kept.isPresent()) {
            target = kept.get().target();
            before = Optional.of(kept.get().watcher());
            origin = kept.get().origin();
            throwIfInterrupted();
            return;
        }
        Targets.Order order = order(kernel, consoleLog);
        // What is captured is restored, also if the run asks for a machine of its own.
        boolean boots = boots() && settings.capture().isEmpty();
        progress.report(request.id + ": starting " + kernel.release() + " ("
                + (targets.isReal() ? "a real machine" : order.accelerator().id() + (boots ? ", booting" : ""))
                + ")");
        if (settings.capture().isPresent()) {
            started(targets.startIn(Template.ramIn(settings.capture().get().folder()), order));
        } else {
            started(boots ? targets.boot(order) : targets.start(order, more));
        }
    }

    /** Gets a machine that can be frozen; returns false if there can be none. */
    public boolean startFreezable(KernelInfo kernel, Path consoleLog) throws IOException, InterruptedException {
        progress.report(request.id + ": preparing " + kernel.release() + " for a snapshot");
        try {
            started(targets.startFreezable(order(kernel, consoleLog)));
            return true;
        } catch (IOException e) {
            throwIfInterrupted();
            progress.report(request.id + ": no snapshot after its preparation: " + e.getMessage());
            return false;
        }
    }

    /** Gets a machine that was frozen after its preparation. */
    public Target resume(Snapshot snapshot, Path consoleLog) throws IOException, InterruptedException {
        return started(targets.resume(snapshot, consoleLog, settings.more()));
    }

    private Targets.Order order(KernelInfo kernel, Path consoleLog) {
        Accelerator accelerator = request.apart ? Accelerator.TCG : kernel.accelerator();
        return new Targets.Order(kernel, accelerator, request.machine, request.bootParameters, consoleLog);
    }

    private Target started(Targets.Started started) throws IOException {
        target = started.target();
        throwIfInterrupted();
        bootRetries += started.bootRetries();
        bootMs = started.bootMs().isPresent() ? started.bootMs() : bootMs;
        restoreMs = started.restoreMs();
        origin = started.origin();
        started.why().ifPresent(remarks::add);
        return started.target();
    }

    /** Returns how many boots failed before. */
    public int bootRetries() {
        return bootRetries;
    }

    public OptionalLong bootMs() {
        return bootMs;
    }

    public OptionalLong restoreMs() {
        return restoreMs;
    }

    /** Returns {@code boot}, {@code template} or {@code real}. */
    public String origin() {
        return targets.isReal() ? "real" : origin;
    }

    /** Returns whether others had the machine before. */
    public boolean wasHandedOn() {
        return before.isPresent();
    }

    /** Returns the watcher of the run before, which has read the console since; empty if nobody had the machine before. */
    public Optional<Watcher> before() {
        return before;
    }

    /** Returns what is to be told of how the machine came about. */
    public List<String> remarks() {
        return List.copyOf(remarks);
    }

    /** Marks that from now on to {@link #waitsNoLonger} this thread may wait for a machine that is still to come. */
    public synchronized void waits() {
        waiting = Thread.currentThread();
    }

    public synchronized void waitsNoLonger() {
        waiting = null;
        // The report is still to be written, and an interrupted thread writes no file.
        if (interrupted != null && Thread.interrupted()) {
            LOG.debug("{} was interrupted while it was prepared", request.id);
        }
    }

    /** Ends the machine under whatever waits for it, or the wait for one that is still to come. */
    public void interrupt(String reason) {
        synchronized (this) {
            interrupted = reason;
            if (waiting != null && target == null) {
                waiting.interrupt();
            }
        }
        try {
            end();
        } catch (IOException e) {
            LOG.debug("closing a machine", e);
        }
    }

    /** Returns why it was interrupted; empty if it was not. */
    public Optional<String> interrupted() {
        return Optional.ofNullable(interrupted);
    }

    public void throwIfInterrupted() throws IOException {
        String reason = interrupted;
        if (reason != null) {
            throw new IOException(reason);
        }
    }

    /** Copies the console of a shared machine, which is in the folder of its first run. */
    public void keepConsole(Path folder) throws IOException {
        Target machine = target;
        Path console = folder.resolve("console.log");
        if (machine != null && !Files.exists(console)) {
            Files.copy(machine.console().file(), console);
        }
    }

    /** Returns whether others are to have the machine. */
    public boolean isShared() {
        return shared.isPresent() && target != null && interrupted == null;
    }

    /**
     * Returns a shared machine that was cleared, or closes the machine.
     *
     * @param watcher goes on reading its console until the next run begins; empty if no other may use it
     */
    public void giveBack(Optional<Watcher> watcher) throws IOException {
        Target healthy = target;
        if (watcher.isPresent() && healthy != null && isShared()) {
            shared.orElseThrow().handBack(new SharedMachine.Kept(healthy, origin, watcher.get()));
        } else {
            end();
        }
    }

    /** Ends the machine, if there is one. */
    public void end() throws IOException {
        Target machine = target;
        if (machine != null) {
            machine.close();
        }
    }
}
