// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.engine.MachineNeeds;
import io.ksplat.engine.Scenario;
import io.ksplat.engine.SessionOptions;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.MachineFactory;
import io.ksplat.machine.internal.MachineParts;
import io.ksplat.machine.internal.qemu.MachineConfig;
import io.ksplat.machine.internal.snapshot.Snapshot;
import io.ksplat.machine.internal.snapshot.TemplateStore;
import java.io.IOException;
import java.lang.ref.SoftReference;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** QEMU machines of this host, or of where its options say. */
public final class QemuTargets implements Targets {
    private final SessionOptions options;
    private final Kernels catalogue;
    /** Held while a kernel is built, for hours perhaps: not the monitor that whoever ends all of it needs. */
    private final ReentrantLock resolving = new ReentrantLock();

    private final Map<KernelSpec, Kernel> kernels = new HashMap<>();

    /** Some 10 MB each, and soon read again. */
    private final Map<KernelSpec, SoftReference<KernelInfo>> facts = new HashMap<>();

    private final Map<PartsKey, MachineParts> parts = new HashMap<>();

    private @Nullable MachineFactory factory;
    private @Nullable TemplateStore templates;
    private int ready;
    private boolean closed;

    /** What the parts of a machine are made for. */
    private record PartsKey(String kernel, MachineNeeds needs) {}

    public QemuTargets(SessionOptions options) {
        this.options = options;
        this.catalogue = new Kernels(options.cache()).withFragments(options.fragments());
    }

    private synchronized MachineFactory factory() throws IOException, InterruptedException {
        if (factory == null) {
            factory = MachineFactory.open(options.cache(), options.accelerator(), options.launcher());
        }
        return factory;
    }

    private synchronized TemplateStore templates() throws IOException, InterruptedException {
        if (templates == null) {
            templates = new TemplateStore(factory(), options.cache());
            templates.keepReady(ready);
            if (closed) {
                templates.close();
            }
        }
        return templates;
    }

    @Override
    public String key(KernelSpec spec) throws InterruptedException, KernelException {
        return catalogue.resolve(spec, options.progress()).key();
    }

    @Override
    public KernelInfo kernel(KernelSpec spec) throws IOException, InterruptedException, KernelException {
        resolving.lockInterruptibly();
        try {
            SoftReference<KernelInfo> kept = facts.get(spec);
            KernelInfo known = kept == null ? null : kept.get();
            if (known == null) {
                // Resolved only once: a tree may change while it is being tried.
                Kernel kernel = kernels.get(spec);
                if (kernel == null) {
                    kernel = catalogue.resolve(spec, options.progress());
                    kernels.put(spec, kernel);
                }
                known = KernelInfo.of(kernel, factory(), options.cache(), options.progress());
                facts.put(spec, new SoftReference<>(known));
            }
            return known;
        } finally {
            resolving.unlock();
        }
    }

    @Override
    public Optional<String> lacking(Scenario scenario) {
        return options.launcher()
                .filter(launcher -> !scenario.machine().isPlain())
                .map(launcher -> "machines in a " + launcher.name()
                        + " have no disks: a root, modules or a disk need QEMU on this host");
    }

    @Override
    public boolean canFreeze() {
        return options.launcher().isEmpty();
    }

    @Override
    public synchronized void keepReady(int count) {
        ready = count;
        if (templates != null) {
            templates.keepReady(count);
        }
    }

    private MachineConfig config(Order order) throws IOException, InterruptedException {
        return factory()
                .config(
                        order.kernel().kernel(),
                        order.accelerator(),
                        order.machine().cpus(),
                        order.machine().memoryMiB(),
                        order.bootParameters(),
                        parts(order.kernel().kernel(), order.machine()));
    }

    private MachineParts parts(Kernel kernel, MachineNeeds needs) throws IOException, InterruptedException {
        if (needs.nodes() > 1) {
            QemuParts.requireNodes(kernel);
        }
        if (needs.isPlain()) {
            // Most machines: they do not wait for a kernel that is being built.
            return MachineParts.NONE.withNodes(needs.nodes());
        }
        resolving.lockInterruptibly();
        try {
            // Made only once: a root may change while it is being tried, and to know it anew means to read all of it.
            PartsKey key = new PartsKey(kernel.key(), needs);
            MachineParts known = parts.get(key);
            if (known == null) {
                known = new QemuParts(kernel, options.cache(), options.progress())
                        .of(needs)
                        .withNodes(needs.nodes());
                parts.put(key, known);
            }
            return known;
        } finally {
            resolving.unlock();
        }
    }

    @Override
    public Started boot(Order order) throws IOException, InterruptedException {
        return started(templates().boot(config(order), order.consoleLog(), options.progress()));
    }

    @Override
    public Started startIn(Path ram, Order order) throws IOException, InterruptedException {
        return started(templates()
                .startIn(ram, order.kernel().kernel(), config(order), order.consoleLog(), options.progress()));
    }

    @Override
    public Started start(Order order, int more) throws IOException, InterruptedException {
        return started(templates()
                .start(order.kernel().kernel(), config(order), order.consoleLog(), more, options.progress()));
    }

    @Override
    public Started startFreezable(Order order) throws IOException, InterruptedException {
        return started(
                templates().startOwn(order.kernel().kernel(), config(order), order.consoleLog(), options.progress()));
    }

    @Override
    public Started resume(Snapshot snapshot, Path consoleLog, int more) throws IOException, InterruptedException {
        return started(templates().resume(snapshot, consoleLog, more));
    }

    private static Started started(TemplateStore.Started started) {
        return new Started(
                started.guest(), started.bootRetries(), started.bootMs(), started.restoreMs(), started.why());
    }

    @Override
    public String version() throws IOException, InterruptedException {
        return factory().qemuVersion();
    }

    @Override
    public void close() {
        TemplateStore pooled;
        synchronized (this) {
            closed = true;
            pooled = templates;
        }
        if (pooled != null) {
            pooled.close();
        }
    }
}
