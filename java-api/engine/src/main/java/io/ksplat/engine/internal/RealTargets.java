// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.engine.Scenario;
import io.ksplat.engine.SessionOptions;
import io.ksplat.engine.internal.program.ProgramScenario;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.real.MachineEntry;
import io.ksplat.machine.internal.real.RealKernel;
import io.ksplat.machine.internal.real.RealMachine;
import io.ksplat.machine.internal.real.RealSite;
import io.ksplat.machine.internal.snapshot.Snapshot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One real machine, which runs share one after another. One that a run has left dead, or with a kernel that has reported something, is
 * reset before the next.
 */
public final class RealTargets implements Targets {
    private static final Logger LOG = LoggerFactory.getLogger(RealTargets.class);

    /** Losses in a row, with nothing that tells why, after which the machine is left alone. */
    private static final int MOST_LOSSES = 3;

    private final MachineEntry entry;
    private final SessionOptions options;
    private final RealSite site;
    private final Journal journal;
    /** What all runs of the session are about. */
    private @Nullable RealKernel kernel;

    private String bootOfKernel = "";
    /** Why nothing more is run. */
    private Optional<String> stopped = Optional.empty();

    private @Nullable RealMachine last;
    /** What is left out in this session, and when it was begun: all its attempts are. */
    private final Map<String, String> leftOut = new HashMap<>();

    private boolean spoilt;
    private int losses;

    /** Uses the machine of an entry. */
    public RealTargets(MachineEntry entry, SessionOptions options) {
        this(entry, options, Journal.folder());
    }

    RealTargets(MachineEntry entry, SessionOptions options, Path journals) {
        this.entry = entry;
        this.options = options;
        this.site = new RealSite(entry);
        this.journal = new Journal(journals, entry.name());
    }

    @Override
    public boolean isReal() {
        return true;
    }

    @Override
    public String name() {
        return entry.name();
    }

    @Override
    public String key(KernelSpec spec) throws InterruptedException, KernelException {
        try {
            return kernel(spec).kernel().key();
        } catch (IOException e) {
            throw new KernelException(String.valueOf(e.getMessage()), e);
        }
    }

    @Override
    public synchronized KernelInfo kernel(KernelSpec spec) throws IOException, InterruptedException, KernelException {
        if (!(spec instanceof KernelSpec.Running)) {
            throw new KernelException("--kernel " + spec + ": on " + entry.name()
                    + " runs the kernel that it was booted with; boot that one there, and leave --kernel out");
        }
        return running().info();
    }

    private RealKernel running() throws IOException, InterruptedException, KernelException {
        RealKernel known = kernel;
        if (known == null) {
            recover();
            known = read();
            kernel = known;
            bootOfKernel = site.bootId();
        }
        return known;
    }

    @Override
    public synchronized Optional<String> lacking(Scenario scenario) {
        // They need file systems of their own: in this one they would write over files that its owner needs.
        if (scenario instanceof ProgramScenario
                || !scenario.machine().isPlain()
                || scenario.machine().nodes() > 1) {
            return Optional.of(
                    entry.name() + " is a real machine, and programs, roots, modules, disks and nodes need QEMU");
        }
        RealKernel known = kernel;
        if (known == null) {
            return Optional.empty();
        }
        List<String> missing = known.missing(scenario.needs().bootParameters());
        if (!missing.isEmpty()) {
            return Optional.of("the kernel on " + entry.name() + " was booted without " + String.join(" ", missing)
                    + ": add it to its boot line");
        }
        int cpus = scenario.machine().cpus();
        return known.cpus() < cpus
                ? Optional.of(entry.name() + " has " + known.cpus() + " CPUs, and the reproducer needs " + cpus)
                : Optional.empty();
    }

    @Override
    public boolean canFreeze() {
        return false;
    }

    @Override
    public void keepReady(int count) {
        // There is one machine.
    }

    @Override
    public synchronized Started boot(Order order) throws IOException {
        long began = System.nanoTime();
        recover();
        checkKernel();
        RealMachine machine = RealMachine.open(entry, site.reach(), order.consoleLog());
        last = machine;
        return new Started(
                machine,
                0,
                OptionalLong.of((System.nanoTime() - began) / 1_000_000),
                OptionalLong.empty(),
                Optional.empty());
    }

    @Override
    public synchronized void begins(String what) throws IOException {
        Optional<String> known = Optional.ofNullable(leftOut.get(what));
        Optional<String> before = known.isPresent() ? known : journal.begin(what);
        if (before.isPresent()) {
            leftOut.put(what, before.get());
            throw new MachineException("it was begun on " + entry.name() + " at " + before.get()
                    + " and never ended: that machine, or this one, may have died of it, so it is left out this time; run it"
                    + " again to try it again (" + journal.file() + ")");
        }
    }

    @Override
    public synchronized void ended(String what) throws IOException {
        journal.end(what);
    }

    /** Looks at how the last run left the machine, and resets it if that is needed. */
    private void recover() throws IOException {
        RealMachine before = last;
        last = null;
        if (before != null) {
            before.close();
            spoilt |= !before.isSound();
            losses = before.isLost() ? losses + 1 : 0;
        }
        if (stopped.isPresent()) {
            throw new MachineException(stopped.get());
        }
        if (losses >= MOST_LOSSES) {
            throw new MachineException(entry.name() + " was lost " + losses
                    + " times in a row: nothing more is run on it; look at its console logs, and at the machine");
        }
        if (spoilt) {
            site.reset(options.progress());
            spoilt = false;
        }
        site.connect();
    }

    /** The machine may have booted since a run asked what its kernel is, and not by ksplat alone. */
    private void checkKernel() throws IOException {
        RealKernel known = kernel;
        if (known == null || site.bootId().equals(bootOfKernel)) {
            return;
        }
        try {
            Optional<String> difference = read().differenceFrom(known);
            if (difference.isPresent()) {
                stopped = Optional.of(entry.name() + " has booted " + difference.get()
                        + ": nothing more is run on it; have it boot what it is to test, and run ksplat again");
                throw new MachineException(stopped.get());
            }
        } catch (KernelException e) {
            throw new MachineException(
                    entry.name() + " has booted, and what its kernel is cannot be read: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while reading the kernel of " + entry.name(), e);
        }
        bootOfKernel = site.bootId();
    }

    private RealKernel read() throws IOException, InterruptedException, KernelException {
        options.progress().report(entry.name() + ": reading what its kernel is");
        return RealKernel.read(entry, site.reach(), options.cache());
    }

    @Override
    public Started startIn(Path ram, Order order) throws IOException {
        throw new IOException("a real machine cannot be frozen");
    }

    @Override
    public Started start(Order order, int more) throws IOException {
        return boot(order);
    }

    @Override
    public Started startFreezable(Order order) throws IOException {
        throw new IOException("a real machine cannot be frozen");
    }

    @Override
    public Started resume(Snapshot snapshot, Path consoleLog, int more) throws IOException {
        throw new IOException("a real machine cannot be frozen");
    }

    @Override
    public String version() {
        return "none: " + entry.name() + " is a real machine";
    }

    /** Leaves nothing behind on a machine that answers. Does not wait for one that is being reset. */
    @Override
    public synchronized void close() {
        try {
            RealMachine before = last;
            last = null;
            if (before != null) {
                before.close();
                if (!before.isSound()) {
                    options.progress()
                            .report(entry.name() + " must be reset before it is used again: the last run left it so");
                }
            }
            site.close();
        } catch (IOException e) {
            LOG.debug("closing {}", entry.name(), e);
        }
    }
}
