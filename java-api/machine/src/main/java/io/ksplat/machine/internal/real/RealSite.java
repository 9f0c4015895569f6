// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.Progress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** The connection to a real machine, over which one run after another uses it. */
public final class RealSite implements AutoCloseable {
    private final MachineEntry entry;
    private final Reach reach;
    private String bootId = "";

    public RealSite(MachineEntry entry) {
        this.entry = entry;
        this.reach = new Reach(entry);
    }

    public Reach reach() {
        return reach;
    }

    /** Connects, if there is no connection, and learns which boot answers. */
    public void connect() throws IOException {
        reach.connect();
        bootId = Boot.read(reach).id();
    }

    /** Returns the id of the boot that answered when it was last connected to. */
    public String bootId() {
        return bootId;
    }

    /** Takes the machine for a run, whose console goes into a file. */
    public RealMachine open(Path consoleLog, Progress progress) throws IOException {
        return RealMachine.open(entry, reach, consoleLog, bootId, progress);
    }

    /** Waits, as long as it may boot, for a machine that saves a dump and then reboots; returns whether it has. */
    public boolean awaitDump(Progress progress) throws IOException {
        progress.report(entry.name() + ": its kernel has crashed, and kdump saves that; waiting for it");
        return new Reset(entry, reach).awaitAnother(bootId);
    }

    /** Resets the machine, and waits for its next boot. */
    public void reset(Progress progress) throws IOException {
        new Reset(entry, reach).reset(bootId, progress);
    }

    /**
     * Has the machine boot a kernel, once, and waits for it.
     *
     * @param modules its modules, as {@link io.ksplat.kernel.internal.rootfs.KernelModules#archive} makes them
     * @throws io.ksplat.machine.MachineException if it does not boot, or another kernel answers
     */
    public void boot(Kernel kernel, Optional<Path> modules, Progress progress) throws IOException {
        new KernelBoot(entry, reach).boot(kernel, modules, bootId, progress);
    }

    /** Removes from the machine what the boot of a kernel needed. */
    public void clean() throws IOException {
        new KernelBoot(entry, reach).clean();
    }

    @Override
    public void close() throws IOException {
        reach.close();
    }
}
