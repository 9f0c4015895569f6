// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.engine.Scenario;
import io.ksplat.engine.SessionOptions;
import io.ksplat.engine.internal.program.ProgramScenario;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.internal.rootfs.KernelModules;
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
    private final Kernels catalogue;
    /** What was booted there is what it was at first. */
    private final Map<KernelSpec, Kernel> resolved = new HashMap<>();

    /** What the runs of the session are about, as each told it when it ran first. */
    private final Map<KernelSpec, RealKernel> known = new HashMap<>();

    /** Why a kernel is not booted again. */
    private final Map<KernelSpec, String> unbootable = new HashMap<>();

    /** The kernel that runs, if the machine still runs the same boot. */
    private Optional<KernelSpec> running = Optional.empty();

    private String bootOfKernel = "";
    /** Why nothing more is run. */
    private Optional<String> stopped = Optional.empty();

    private @Nullable RealMachine last;
    /** What is left out in this session, and when it was begun: all its attempts are. */
    private final Map<String, String> leftOut = new HashMap<>();

    private boolean spoilt;
    /** Whether it was made to boot a kernel that is not its own. */
    private boolean booted;

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
        this.catalogue = new Kernels(options.cache()).withFragments(options.fragments());
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
        if (!(spec instanceof KernelSpec.Running)) {
            return resolve(spec).key();
        }
        try {
            return kernel(spec).kernel().key();
        } catch (IOException e) {
            throw new KernelException(String.valueOf(e.getMessage()), e);
        }
    }

    /** It may be built, for hours: without the monitor. */
    private Kernel resolve(KernelSpec spec) throws InterruptedException, KernelException {
        synchronized (resolved) {
            Kernel kernel = resolved.get(spec);
            if (kernel == null) {
                kernel = catalogue.resolve(spec, options.progress());
                resolved.put(spec, kernel);
            }
            return kernel;
        }
    }

    @Override
    public KernelInfo kernel(KernelSpec spec) throws IOException, InterruptedException, KernelException {
        if (spec instanceof KernelSpec.Running) {
            return had(spec, Optional.empty());
        }
        if (entry.ssh().isEmpty()) {
            throw new KernelException("--kernel " + spec + ": " + entry.name()
                    + " is the machine that ksplat runs on: boot that kernel yourself, and leave --kernel out");
        }
        Kernel kernel = resolve(spec);
        return had(spec, Optional.of(kernel));
    }

    private synchronized KernelInfo had(KernelSpec spec, Optional<Kernel> kernel)
            throws IOException, InterruptedException, KernelException {
        RealKernel told = known.get(spec);
        if (told == null) {
            recover();
            told = have(spec, kernel);
        }
        return told.info();
    }

    /**
     * Has the machine run a kernel: it is booted unless the machine still runs its boot. The machine may have booted since it was asked
     * what its kernel is, and not by ksplat alone.
     *
     * @param kernel to boot; empty: the one that the machine boots by itself
     */
    private RealKernel have(KernelSpec spec, Optional<Kernel> kernel)
            throws IOException, InterruptedException, KernelException {
        RealKernel before = known.get(spec);
        boolean same = site.bootId().equals(bootOfKernel);
        if (before != null && same && running.equals(Optional.of(spec))) {
            return before;
        }
        if (kernel.isPresent()) {
            boot(spec, kernel.get());
        } else if (same && running.isPresent()) {
            // Another one was booted, once: its own comes back.
            running = Optional.empty();
            site.reset(options.progress());
            site.connect();
        }
        RealKernel now = read(kernel);
        if (before != null) {
            Optional<String> difference = now.differenceFrom(before);
            if (difference.isPresent()) {
                stopped = Optional.of(entry.name() + " has booted " + difference.get()
                        + ": nothing more is run on it; have it boot what it is to test, and run ksplat again");
                throw new MachineException(stopped.get());
            }
        }
        known.putIfAbsent(spec, now);
        running = Optional.of(spec);
        bootOfKernel = site.bootId();
        return now;
    }

    private void boot(KernelSpec spec, Kernel kernel) throws IOException, InterruptedException, KernelException {
        String why = unbootable.get(spec);
        if (why != null) {
            throw new MachineException(why);
        }
        Optional<Path> modules = KernelModules.has(kernel)
                ? Optional.of(KernelModules.archive(kernel, options.cache(), options.progress()))
                : Optional.empty();
        running = Optional.empty();
        booted = true;
        // What answers afterwards, if anything, is not known.
        spoilt = true;
        try {
            bootTwice(kernel, modules);
        } catch (MachineException e) {
            if (!Thread.currentThread().isInterrupted()) {
                unbootable.put(spec, String.valueOf(e.getMessage()));
            }
            throw e;
        }
        spoilt = false;
        site.connect();
    }

    /** That a machine does not come up once says little of a kernel. */
    private void bootTwice(Kernel kernel, Optional<Path> modules) throws IOException {
        try {
            site.boot(kernel, modules, options.progress());
        } catch (MachineException e) {
            if (Thread.currentThread().isInterrupted() || entry.reset().isEmpty()) {
                throw e;
            }
            options.progress().report(e.getMessage() + "; trying once more");
            try {
                site.reset(options.progress());
                site.connect();
            } catch (MachineException again) {
                e.addSuppressed(again);
                throw e;
            }
            site.boot(kernel, modules, options.progress());
        }
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
        RealKernel told = running.isPresent() ? known.get(running.get()) : null;
        if (told == null) {
            return Optional.empty();
        }
        List<String> missing = told.missing(scenario.needs().bootParameters());
        if (!missing.isEmpty()) {
            return Optional.of("the kernel on " + entry.name() + " was booted without " + String.join(" ", missing)
                    + ": add it to its boot line");
        }
        int cpus = scenario.machine().cpus();
        return told.cpus() < cpus
                ? Optional.of(entry.name() + " has " + told.cpus() + " CPUs, and the reproducer needs " + cpus)
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
        run(order.kernel().kernel());
        RealMachine machine = site.open(order.consoleLog(), options.progress());
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
            losses = before.isLost() ? losses + 1 : 0;
            boolean back = before.isBack() || (before.savesDump() && site.awaitDump(options.progress()));
            spoilt |= !back && !before.isSound();
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

    private void run(Kernel kernel) throws IOException {
        KernelSpec spec = kernel.spec();
        try {
            have(spec, spec instanceof KernelSpec.Running ? Optional.empty() : Optional.of(kernel));
        } catch (KernelException e) {
            throw new MachineException(
                    entry.name() + " has booted, and what its kernel is cannot be read: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while reading the kernel of " + entry.name(), e);
        }
    }

    private RealKernel read(Optional<Kernel> kernel) throws IOException, InterruptedException, KernelException {
        options.progress().report(entry.name() + ": reading what its kernel is");
        return RealKernel.read(entry, site.reach(), kernel, options.cache());
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

    /**
     * What a boot needed goes, and the kernel with the next boot.
     *
     * @param answers whether the machine may be asked: one that is dead would be waited for
     */
    private void leave(boolean answers) {
        if (answers) {
            try {
                site.clean();
                options.progress()
                        .report(entry.name()
                                + " runs a kernel that ksplat has booted, until it is reset: its own comes back then");
                return;
            } catch (IOException e) {
                LOG.debug("cleaning {}", entry.name(), e);
            }
        }
        options.progress()
                .report(entry.name()
                        + " keeps a kernel in /var/lib/ksplat-boot, and its modules in /lib/modules, beside a file"
                        + " .ksplat: the next kernel that ksplat boots there removes them");
    }

    /** Leaves nothing behind on a machine that answers. Does not wait for one that is being reset. */
    @Override
    public synchronized void close() {
        try {
            RealMachine before = last;
            last = null;
            boolean answers = true;
            if (before != null) {
                before.close();
                answers = before.isSound();
                if (!answers) {
                    options.progress()
                            .report(entry.name() + " must be reset before it is used again: the last run left it so");
                }
            }
            if (booted) {
                leave(answers);
            }
            site.close();
        } catch (IOException e) {
            LOG.debug("closing {}", entry.name(), e);
        }
    }
}
