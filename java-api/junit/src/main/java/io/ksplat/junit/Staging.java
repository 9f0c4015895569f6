// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.machine.Accelerator;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.qemu.MachineConfig;
import io.ksplat.machine.internal.snapshot.Snapshot;
import io.ksplat.machine.internal.snapshot.Template;
import io.ksplat.machine.internal.snapshot.TemplateStore;
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
 * Gets an experiment its machine: one that tests share, one restored from a template or a checkpoint, or one that boots; remembers how
 * it came about, and ends it, also from another thread.
 */
final class Staging {
    private static final Logger LOG = LoggerFactory.getLogger(Staging.class);
    private static final int CPUS = 2;
    private static final int MEMORY_MIB = 256;

    private final Lab lab;
    private final Settings settings;
    private final Subject subject;
    /** Where the machine comes from and goes to, for a test that shares it with others. */
    private final Optional<SharedMachine> shared;
    /** Whether this attempt must not share a fault with others: it boots cold, under TCG. */
    private final boolean apart;

    private final List<String> remarks = new ArrayList<>();
    private int bootRetries;
    private OptionalLong bootMs = OptionalLong.empty();
    private OptionalLong restoreMs = OptionalLong.empty();
    private String origin = "boot";

    /** Written by the thread that interrupts, too. */
    private volatile @Nullable Guest guest;

    private volatile @Nullable String interrupted;
    private @Nullable Thread waiting;

    Staging(Lab lab, Settings settings, Subject subject, Optional<SharedMachine> shared, boolean apart) {
        this.lab = lab;
        this.settings = settings;
        this.subject = subject;
        this.shared = shared;
        this.apart = apart;
    }

    int cpus() {
        return CPUS;
    }

    int memoryMiB() {
        return MEMORY_MIB;
    }

    /** The machine, where there is one by now. */
    Optional<Guest> guest() {
        return Optional.ofNullable(guest);
    }

    /** Whether the machine boots, whatever templates there are. */
    boolean isFresh() {
        return settings.fresh() || apart || !lab.hasTemplates();
    }

    /** Whether the machine may be set up once for many attempts. */
    boolean mayBeFrozen() {
        return !isFresh() && shared.isEmpty();
    }

    /**
     * Gets a machine.
     *
     * @param more machines like it that are wanted soon
     */
    void start(KernelInfo kernel, Path consoleLog, int more) throws IOException, InterruptedException {
        Optional<SharedMachine.Kept> kept = shared.flatMap(SharedMachine::take);
        if (kept.isPresent()) {
            guest = kept.get().guest();
            origin = kept.get().origin();
            throwIfInterrupted();
            return;
        }
        MachineConfig config = config(kernel);
        lab.progress()
                .report(subject.id() + ": starting " + kernel.release() + " ("
                        + config.accelerator().id() + (isFresh() ? ", booting" : "") + ")");
        started(
                isFresh()
                        ? boot(config, consoleLog)
                        : lab.templates().start(kernel.kernel(), config, consoleLog, more, lab.progress()));
    }

    /** Gets a machine that can be frozen; false where there can be none. */
    boolean startOwn(KernelInfo kernel, Path consoleLog) throws IOException, InterruptedException {
        lab.progress().report(subject.id() + ": setting up " + kernel.release() + " to be frozen");
        try {
            started(lab.templates().startOwn(kernel.kernel(), config(kernel), consoleLog, lab.progress()));
            return true;
        } catch (IOException e) {
            throwIfInterrupted();
            lab.progress().report(subject.id() + ": cannot be frozen after its set-up: " + e.getMessage());
            return false;
        }
    }

    /** Gets a machine that was frozen after its set-up. */
    Guest resume(Snapshot checkpoint, Path consoleLog) throws IOException, InterruptedException {
        return started(lab.templates().resume(checkpoint, consoleLog, settings.more()));
    }

    private TemplateStore.Started boot(MachineConfig config, Path consoleLog) throws IOException, InterruptedException {
        return settings.anchor().isPresent()
                ? lab.templates()
                        .bootIn(Template.ramIn(settings.anchor().get().folder()), config, consoleLog, lab.progress())
                : lab.templates().boot(config, consoleLog, lab.progress());
    }

    private MachineConfig config(KernelInfo kernel) throws IOException, InterruptedException {
        Accelerator accelerator = apart ? Accelerator.TCG : kernel.accelerator();
        return lab.host().config(kernel.kernel(), accelerator, CPUS, MEMORY_MIB, subject.bootParameters());
    }

    private Guest started(TemplateStore.Started started) throws IOException {
        guest = started.guest();
        throwIfInterrupted();
        bootRetries += started.bootRetries();
        bootMs = started.bootMs().isPresent() ? started.bootMs() : bootMs;
        restoreMs = started.restoreMs();
        origin = started.origin();
        started.why().ifPresent(remarks::add);
        return started.guest();
    }

    /** How many boots failed before. */
    int bootRetries() {
        return bootRetries;
    }

    OptionalLong bootMs() {
        return bootMs;
    }

    OptionalLong restoreMs() {
        return restoreMs;
    }

    /** {@code boot} or {@code template}. */
    String origin() {
        return origin;
    }

    /** What is to be told of how the machine came about. */
    List<String> remarks() {
        return List.copyOf(remarks);
    }

    /** From now on to {@link #waitsNoLonger} this thread may wait for a machine that is still to come. */
    synchronized void waits() {
        waiting = Thread.currentThread();
    }

    synchronized void waitsNoLonger() {
        waiting = null;
        // The report is still to be written, and an interrupted thread writes no file.
        if (interrupted != null && Thread.interrupted()) {
            LOG.debug("{} was interrupted in its set-up", subject.id());
        }
    }

    /** Ends the machine under whatever waits for it, or the wait for one that is still to come. */
    void interrupt(String reason) {
        synchronized (this) {
            interrupted = reason;
            if (waiting != null && guest == null) {
                waiting.interrupt();
            }
        }
        try {
            end();
        } catch (IOException e) {
            LOG.debug("closing a machine", e);
        }
    }

    /** Why it was interrupted, where it was. */
    Optional<String> interrupted() {
        return Optional.ofNullable(interrupted);
    }

    void throwIfInterrupted() throws IOException {
        String reason = interrupted;
        if (reason != null) {
            throw new IOException(reason);
        }
    }

    /** A shared machine's console is in the folder of its first run: the others get a copy. */
    void keepConsole(Path folder) throws IOException {
        Guest machine = guest;
        Path console = folder.resolve("console.log");
        if (machine != null && !Files.exists(console)) {
            Files.copy(machine.vm().console().file(), console);
        }
    }

    /** What takes out of a machine what a test has put there. */
    @FunctionalInterface
    interface Clearing {
        void run() throws IOException;
    }

    /**
     * Gives a shared machine back; ends any other, and one that does not let go of what is to be cleared.
     *
     * @param sound whether others may use it
     */
    void giveBack(boolean sound, Clearing clearing) throws IOException {
        Guest healthy = guest;
        if (!sound || shared.isEmpty() || healthy == null || interrupted != null) {
            end();
            return;
        }
        try {
            clearing.run();
            shared.get().handBack(new SharedMachine.Kept(healthy, origin));
        } catch (IOException e) {
            LOG.debug("a shared machine does not let go", e);
            end();
        }
    }

    /** Ends the machine, where there is one. */
    void end() throws IOException {
        Guest machine = guest;
        if (machine != null) {
            machine.close();
        }
    }
}
