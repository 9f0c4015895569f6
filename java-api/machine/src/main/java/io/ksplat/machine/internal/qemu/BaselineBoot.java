// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.arch.Arch;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Times the boot of a kernel in a QEMU that is started as its users start it, to compare ksplat's own boot with. */
public final class BaselineBoot {
    private static final String HELLO = "hello from a bare init";
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private BaselineBoot() {}

    /**
     * Boots to an init that writes one line to the serial console.
     *
     * @param image the kernel as it was installed
     * @param consoleLog the file for the console's output
     * @return the time from the start of QEMU to the line
     */
    public static Duration time(
            HostTools tools, Path image, Accelerator accelerator, int cpus, int memoryMiB, Path consoleLog)
            throws IOException {
        Path folder = Files.createTempDirectory("ksplat-");
        try (Listener listener = new Listener(folder.resolve("console"))) {
            Path init = Files.write(folder.resolve("init"), Arch.guest().greeter(HELLO));
            Path initramfs = folder.resolve("initramfs");
            Initramfs.write(init, List.of(), initramfs);
            long start = System.nanoTime();
            try (QemuProcess qemu = QemuProcess.start(
                            tools.guard(),
                            folder,
                            bounds(tools, image, cpus, memoryMiB),
                            words(tools, image, initramfs, accelerator, cpus, memoryMiB, listener.path()));
                    SocketChannel channel = listener.accept(qemu, Deadline.in(RunningQemu.START));
                    Console console = new Console(channel, consoleLog)) {
                await(console.readAfter(HELLO, (buffer, offset, length) -> {}), qemu);
                return Duration.ofNanos(System.nanoTime() - start);
            }
        } finally {
            Folders.remove(folder);
        }
    }

    private static void await(CompletableFuture<Void> hello, QemuProcess qemu) throws IOException {
        try {
            CompletableFuture.anyOf(hello, qemu.exit()).get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            throw new MachineException("the baseline boot did not finish: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while booting", e);
        }
        if (!hello.isDone()) {
            throw new MachineException.Gone("QEMU ended during the baseline boot: " + qemu.exitMessage());
        }
    }

    private static Bounds bounds(HostTools tools, Path image, int cpus, int memoryMiB) {
        List<Path> read = new ArrayList<>(tools.qemuFiles());
        read.add(image);
        return Bounds.of(read, tools.files(), cpus, memoryMiB, 0);
    }

    private static List<String> words(
            HostTools tools,
            Path image,
            Path initramfs,
            Accelerator accelerator,
            int cpus,
            int memoryMiB,
            Path console) {
        return List.of(
                tools.qemu(),
                "-machine",
                Arch.guest().commonMachineType(),
                "-accel",
                accelerator.name().toLowerCase(Locale.ROOT),
                "-cpu",
                "max",
                "-smp",
                Integer.toString(cpus),
                "-m",
                memoryMiB + "M",
                "-display",
                "none",
                "-no-reboot",
                "-kernel",
                image.toString(),
                "-initrd",
                initramfs.toString(),
                "-append",
                "console=" + Arch.guest().serialConsole() + " panic=-1",
                "-chardev",
                "socket,id=console,server=off,path=" + QemuCommandLine.escaped(console),
                "-serial",
                "chardev:console");
    }
}
