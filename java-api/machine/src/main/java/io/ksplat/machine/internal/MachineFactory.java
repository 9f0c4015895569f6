// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.Digests;
import io.ksplat.kernel.internal.rootfs.ModuleFiles;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.internal.qemu.HostTools;
import io.ksplat.machine.internal.qemu.Initramfs;
import io.ksplat.machine.internal.qemu.MachineConfig;
import io.ksplat.machine.internal.qemu.NodeTable;
import io.ksplat.machine.internal.qemu.QemuLauncher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the machine that ksplat runs on offers to the machines that ksplat starts. */
public final class MachineFactory {
    private static final Logger LOG = LoggerFactory.getLogger(MachineFactory.class);

    /** A kernel under TCG may die at boot and live on the next try (QEMU 7.2 and Linux 6.12, about one boot in fourteen). */
    private static final int BOOT_TRIES = 5;

    private final Cache cache;
    private final HostTools programs;
    private final Path initramfs;
    private final long tscKhz;
    private final Optional<Accelerator> wanted;

    private MachineFactory(Cache cache, HostTools programs, Path initramfs, long tscKhz, Optional<Accelerator> wanted) {
        this.cache = cache;
        this.programs = programs;
        this.initramfs = initramfs;
        this.tscKhz = tscKhz;
        this.wanted = wanted;
    }

    /**
     * Unpacks ksplat's own programs into the cache.
     *
     * @param wanted the accelerator to use; empty: the best that boots a kernel
     */
    public static MachineFactory open(Cache cache, Optional<Accelerator> wanted)
            throws IOException, InterruptedException {
        return open(cache, wanted, Optional.empty());
    }

    /**
     * As {@link #open(Cache, Optional)}.
     *
     * @param site where machines run; empty: on this host
     */
    public static MachineFactory open(Cache cache, Optional<Accelerator> wanted, Optional<QemuLauncher> site)
            throws IOException, InterruptedException {
        HostTools.Packed packed = HostTools.packed();
        Path folder = cache.<Path, IOException>read(
                "native",
                packed.digest(),
                fresh -> {
                    HostTools unpacked = HostTools.unpackTo(fresh);
                    Initramfs.write(unpacked.agent(), List.of(), fresh.resolve("initramfs.cpio"));
                },
                made -> {
                    packed.checkWhole(made);
                    Initramfs.checkWhole(made.resolve("initramfs.cpio"));
                    return made;
                });
        HostTools own = HostTools.in(folder);
        if (site.isPresent()) {
            // The site measures its counter itself, which need not be this host's.
            return new MachineFactory(cache, own.at(site.get()), folder.resolve("initramfs.cpio"), 0, wanted);
        }
        return here(cache, own, folder, wanted);
    }

    private static MachineFactory here(Cache cache, HostTools programs, Path folder, Optional<Accelerator> wanted)
            throws IOException, InterruptedException {
        // The counter's frequency holds until the host reboots.
        String boot =
                Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
        long khz = cache.<Long, IOException>read(
                "tsc",
                boot,
                fresh -> Files.writeString(fresh.resolve("khz"), Long.toString(programs.measureTscKhz())),
                tsc -> khz(tsc.resolve("khz")));
        return new MachineFactory(cache, asked(cache, programs), folder.resolve("initramfs.cpio"), khz, wanted);
    }

    private static long khz(Path file) throws IOException {
        try {
            return Long.parseLong(Files.readString(file));
        } catch (NumberFormatException e) {
            throw new IOException(file + " has no frequency", e);
        }
    }

    /** This host with another QEMU. */
    public MachineFactory withQemu(String qemu) throws IOException, InterruptedException {
        return new MachineFactory(cache, asked(cache, programs.withQemu(qemu, false)), initramfs, tscKhz, wanted);
    }

    /** This host with a QEMU that may read and write these files and folders, besides those of its machine. */
    MachineFactory withFiles(List<Path> files) {
        return new MachineFactory(cache, programs.withFiles(files), initramfs, tscKhz, wanted);
    }

    public HostTools programs() {
        return programs;
    }

    /**
     * Returns QEMU's version, the distribution's part included.
     *
     * @throws io.ksplat.machine.MachineException if machines run elsewhere: it is not known then
     */
    public String qemuVersion() throws IOException, InterruptedException {
        return programs.launcher().isPresent()
                ? programs.qemuVersion()
                : Files.readString(qemu(cache, programs).resolve("version"));
    }

    /** Returns the same tools with what their QEMU can do. */
    private static HostTools asked(Cache cache, HostTools tools) throws IOException, InterruptedException {
        return tools.withQemu(tools.qemu(), sandbox(qemu(cache, tools)));
    }

    /** An answer that was cut is no answer: QEMU would lose its filter. */
    private static boolean sandbox(Path folder) throws IOException {
        String text = Files.readString(folder.resolve("sandbox"));
        if (!text.equals("true") && !text.equals("false")) {
            throw new IOException(folder + " does not tell whether QEMU has a sandbox: " + text);
        }
        return Boolean.parseBoolean(text);
    }

    /** Returns what is known of a program file: starting QEMU to ask it takes as long as restoring a machine. */
    private static Path qemu(Cache cache, HostTools programs) throws IOException, InterruptedException {
        Path binary = programs.qemuBinary();
        String file = binary + " " + Files.size(binary) + " " + Files.getLastModifiedTime(binary) + " version, sandbox";
        return cache.<Path, IOException>read(
                "qemu",
                Digests.sha256(file),
                fresh -> {
                    Files.writeString(fresh.resolve("version"), programs.qemuVersion());
                    Files.writeString(fresh.resolve("sandbox"), Boolean.toString(programs.asksForSandbox()));
                },
                folder -> {
                    sandbox(folder);
                    return folder;
                });
    }

    /** What a machine with this kernel is made of. */
    public MachineConfig config(
            Kernel kernel, Accelerator accelerator, int cpus, int memoryMiB, List<String> bootParameters)
            throws IOException, InterruptedException {
        return config(kernel, accelerator, cpus, memoryMiB, bootParameters, MachineParts.NONE);
    }

    /** As {@link #config(Kernel, Accelerator, int, int, List)}, with more than CPUs and memory. */
    public MachineConfig config(
            Kernel kernel,
            Accelerator accelerator,
            int cpus,
            int memoryMiB,
            List<String> bootParameters,
            MachineParts parts)
            throws IOException, InterruptedException {
        return new MachineConfig(
                kernel.bootImage(),
                withNodes(initramfs(kernel, parts), cpus, memoryMiB, parts.nodes()),
                kernel.virtioMmio() ? MachineConfig.Virtio.MMIO : MachineConfig.Virtio.PCI,
                cpus,
                memoryMiB,
                parts.nodes(),
                accelerator,
                tscKhz,
                bootParameters,
                parts.disks());
    }

    private Path initramfs(Kernel kernel, MachineParts parts) throws IOException, InterruptedException {
        List<Path> modules = modulesOfPort(kernel);
        if (!parts.modules().isEmpty() || parts.modprobe().isPresent()) {
            return withModules(kernel, modules, parts);
        }
        // Also of a kernel that has the bus built in: its console may be a module.
        if (modules.isEmpty()) {
            return initramfs;
        }
        return cache.<IOException>entry(
                        "initramfs",
                        kernel.key() + "-" + HostTools.packed().digest(),
                        fresh -> Initramfs.write(programs.agent(), modules, fresh.resolve("initramfs.cpio")))
                .resolve("initramfs.cpio");
    }

    /** Puts the description of the nodes before an initramfs. */
    private Path withNodes(Path plain, int cpus, int memoryMiB, int nodes) throws IOException, InterruptedException {
        if (nodes == 1) {
            return plain;
        }
        byte[] table = NodeTable.of(cpus, memoryMiB, nodes);
        String key = Digests.sha256(plain) + " " + Digests.sha256(HexFormat.of().formatHex(table));
        return cache.<IOException>entry(
                        "initramfs",
                        "nodes-" + Digests.sha256(key).substring(0, 16),
                        fresh -> Initramfs.writeWithTable(table, plain, fresh.resolve("initramfs.cpio")))
                .resolve("initramfs.cpio");
    }

    private static List<Path> modulesOfPort(Kernel kernel) throws IOException {
        if (kernel.modules().isEmpty()) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(kernel.modules().get())) {
            return files.sorted().toList();
        }
    }

    /**
     * Makes an initramfs with further modules, numbered after those that the agent's port needs. Their names and the kernel's key tell
     * what is in them.
     */
    private Path withModules(Kernel kernel, List<Path> first, MachineParts parts)
            throws IOException, InterruptedException {
        String names = parts.modules().stream().map(ModuleFiles.Module::name).collect(Collectors.joining(","));
        String modprobe =
                parts.modprobe().isPresent() ? Digests.sha256(parts.modprobe().get()) : "";
        String key = Digests.sha256(HostTools.packed().digest() + " " + names + " " + modprobe)
                .substring(0, 16);
        return cache.<IOException>entry("initramfs", kernel.key() + "-" + key, fresh -> {
                    List<Path> all = new ArrayList<>(first);
                    for (ModuleFiles.Module module : parts.modules()) {
                        Path file = fresh.resolve(
                                String.format(Locale.ROOT, "%04d-%s.ko", 1000 + all.size(), module.name()));
                        Files.write(file, module.content());
                        all.add(file);
                    }
                    Initramfs.write(programs.agent(), all, parts.modprobe(), fresh.resolve("initramfs.cpio"));
                    for (Path file : all.subList(first.size(), all.size())) {
                        Files.delete(file);
                    }
                })
                .resolve("initramfs.cpio");
    }

    /** A guest, and how many boots failed before it came up. */
    public record Booted(Guest guest, int retries, long millis) {}

    /**
     * Boots until a boot succeeds.
     *
     * @throws BootException the last one, if none does
     */
    public Booted boot(MachineConfig config, Path consoleLog, Progress progress) throws IOException {
        return boot(consoleLog, progress, () -> Guest.boot(config, programs, consoleLog));
    }

    /** As {@link #boot(MachineConfig, Path, Progress)}, with the guest's memory in a file. */
    public Booted bootIn(Path ram, MachineConfig config, Path consoleLog, Progress progress) throws IOException {
        return boot(consoleLog, progress, () -> {
            // Of a boot that failed.
            Files.deleteIfExists(ram);
            return Guest.bootIn(ram, config, programs, consoleLog);
        });
    }

    /** One try. */
    @FunctionalInterface
    private interface Boot {
        Guest attempt() throws IOException;
    }

    private static Booted boot(Path consoleLog, Progress progress, Boot boot) throws IOException {
        for (int retries = 0; ; retries++) {
            long start = System.nanoTime();
            try {
                Guest guest = boot.attempt();
                return new Booted(guest, retries, (System.nanoTime() - start) / 1_000_000);
            } catch (BootException e) {
                if (retries + 1 == BOOT_TRIES) {
                    throw e;
                }
                Path kept = consoleLog.resolveSibling("boot-failure-" + (retries + 1) + ".log");
                Files.move(consoleLog, kept, StandardCopyOption.REPLACE_EXISTING);
                progress.report(e.getMessage() + "; trying again (its console: " + kept + ")");
            }
        }
    }

    /**
     * The accelerator under which this host boots kernels, found by booting one, once; the answer is cached. A /dev/kvm that opens
     * proves nothing.
     */
    public Accelerator accelerator(Kernel kernel, Progress progress) throws IOException, InterruptedException {
        if (wanted.isPresent()) {
            return wanted.get();
        }
        if (!offersKvm()) {
            return Accelerator.TCG;
        }
        String key = (System.getProperty("os.version", "unknown")
                        + programs.launcher().map(site -> "-" + site.key()).orElse(""))
                .replaceAll("[^A-Za-z0-9.+-]", "_");
        return cache.<Accelerator, IOException>read(
                "accelerator",
                key,
                fresh -> {
                    progress.report("finding out whether KVM boots a kernel here");
                    Accelerator found = bootsUnderKvm(kernel, fresh) ? Accelerator.KVM : Accelerator.TCG;
                    Files.writeString(fresh.resolve("answer"), found.name());
                },
                folder -> answer(folder.resolve("answer")));
    }

    private static Accelerator answer(Path file) throws IOException {
        String text = Files.readString(file);
        return Stream.of(Accelerator.values())
                .filter(each -> each.name().equals(text))
                .findFirst()
                .orElseThrow(() -> new IOException(file + " names no accelerator: " + text));
    }

    private boolean offersKvm() throws IOException {
        if (programs.launcher().isPresent()) {
            return programs.launcher().get().offersKvm();
        }
        Path kvm = Path.of("/dev/kvm");
        return Files.isReadable(kvm) && Files.isWritable(kvm);
    }

    private boolean bootsUnderKvm(Kernel kernel, Path folder) throws IOException, InterruptedException {
        MachineConfig config = config(kernel, Accelerator.KVM, 2, 256, List.of());
        try (Guest guest = Guest.boot(config, programs, folder.resolve("console.log"))) {
            LOG.info("KVM boots {}", guest.hello().getRelease());
            return true;
        } catch (io.ksplat.machine.MachineException e) {
            LOG.info("KVM boots no kernel here: {}", e.getMessage());
            return false;
        }
    }
}
