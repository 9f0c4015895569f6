// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.shell;

import io.ksplat.engine.SessionOptions;
import io.ksplat.engine.internal.QemuParts;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.internal.debian.Busybox;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.GuestShell;
import io.ksplat.machine.internal.MachineFactory;
import io.ksplat.machine.internal.MachineParts;
import io.ksplat.machine.internal.qemu.Folders;
import io.ksplat.machine.internal.qemu.MachineConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Boots a machine for a person, or for one command. */
public final class MachineShell implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MachineShell.class);

    private final Guest guest;
    private final GuestShell shell;
    private final Path folder;
    private final Thread hook;

    private MachineShell(Guest guest, GuestShell shell, Path folder, Thread hook) {
        this.guest = guest;
        this.shell = shell;
        this.folder = folder;
        this.hook = hook;
    }

    /**
     * Boots it.
     *
     * @param root the root file system, {@code debian[:SUITE][+PACKAGE...]} or a path; empty: busybox alone
     */
    public static MachineShell boot(
            KernelSpec spec, int cpus, int memoryMiB, Optional<String> root, SessionOptions options)
            throws IOException, InterruptedException, KernelException {
        Cache cache = options.cache();
        Kernel kernel = new Kernels(cache).resolve(spec, options.progress());
        Path busybox = Busybox.find(cache, options.progress());
        MachineFactory factory = MachineFactory.open(cache, options.accelerator());
        MachineParts parts = parts(kernel, root, options);
        MachineConfig config = factory.config(
                kernel, factory.accelerator(kernel, options.progress()), cpus, memoryMiB, List.of(), parts);
        options.progress().report("booting " + kernel.release());
        Path folder = Files.createTempDirectory("ksplat-shell-");
        Thread hook = new Thread(() -> remove(folder), "ksplat-shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            Guest guest = factory.boot(config, folder.resolve("console.log"), options.progress())
                    .guest();
            try {
                GuestShell shell = root.isPresent()
                        ? GuestShell.installInRoot(guest, busybox)
                        : GuestShell.install(guest, busybox);
                return new MachineShell(guest, shell, folder, hook);
            } catch (IOException | RuntimeException e) {
                guest.close();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            remove(folder);
            throw e;
        }
    }

    private static MachineParts parts(Kernel kernel, Optional<String> root, SessionOptions options)
            throws IOException, InterruptedException {
        return root.isPresent()
                ? new QemuParts(kernel, options.cache(), options.progress()).ofRoot(root.get())
                : MachineParts.NONE;
    }

    /**
     * Runs a command and returns its exit code.
     *
     * @throws MachineException if the machine ended first, or the command did not end in time
     */
    public int run(List<String> command, Duration limit, OutputStream out, OutputStream err) throws IOException {
        GuestShell.End end = shell.run(command, out, err, limit);
        return end.code()
                .orElseThrow(() -> new MachineException("the machine ended before the command did: " + end.machine()));
    }

    /** Returns the terminal that a person sits at; empty if standard input is none. */
    public static Optional<Path> terminal() {
        return HostTerminal.ofStandardInput();
    }

    /**
     * Hands a terminal over until the shell or the machine ends.
     *
     * @return the shell's exit code; 0 if the machine was powered off
     * @throws MachineException if QEMU ended otherwise
     */
    public int handOver(Path terminal, InputStream keys, OutputStream out) throws IOException {
        GuestShell.Interactive open = shell.open(System.getenv().getOrDefault("TERM", "linux"), out);
        Thread typing = new Thread(() -> type(keys, open), "ksplat-keys");
        typing.setDaemon(true);
        try (HostTerminal raw = HostTerminal.raw(terminal, open::resize)) {
            LOG.debug("the terminal is {}", raw);
            typing.start();
            GuestShell.End end = open.await();
            if (end.code().isEmpty() && !end.poweredOff()) {
                throw new MachineException("the machine ended: " + end.machine());
            }
            return end.code().orElse(0);
        }
    }

    private static void type(InputStream keys, GuestShell.Interactive open) {
        Escape escape = new Escape();
        byte[] buffer = new byte[4096];
        try {
            for (int n = keys.read(buffer); n >= 0; n = keys.read(buffer)) {
                byte[] passed = escape.filter(buffer, n);
                open.type(passed, passed.length);
                if (escape.isAsked()) {
                    break;
                }
            }
        } catch (IOException e) {
            // The machine or the terminal is gone; who waits for the machine's end learns that.
            LOG.debug("typing", e);
        }
        open.leave();
    }

    @Override
    public void close() throws IOException {
        try {
            guest.close();
        } finally {
            remove(folder);
            Runtime.getRuntime().removeShutdownHook(hook);
        }
    }

    private static void remove(Path folder) {
        try {
            Folders.remove(folder);
        } catch (IOException e) {
            LOG.debug("removing {}", folder, e);
        }
    }
}
