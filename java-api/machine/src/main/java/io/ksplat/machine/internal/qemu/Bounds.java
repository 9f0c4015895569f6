// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What QEMU may use of its host. ksplat-guard sees to it, as far as the host lets it (native/src/guard.c).
 *
 * @param read files and folders
 * @param write files and folders; the machine's own folder is one in any case
 * @param memoryBytes swap included
 * @param processes threads count
 * @param cpus the time of so many CPUs
 */
public record Bounds(List<Path> read, List<Path> write, long memoryBytes, int processes, int cpus) {
    /** QEMU itself, and the 1 GiB of translated code that it keeps under TCG (accel/tcg/translate-all.c). */
    private static final int QEMU_MIB = 1536;

    /** QEMU's threads beside those of the CPUs: its pool for disks alone has up to 64 (util/thread-pool.c). */
    private static final int QEMU_THREADS = 128;

    /** For those threads. A machine never waits for the CPUs of its group. */
    private static final int QEMU_CPUS = 2;

    public Bounds {
        read = List.copyOf(read);
        write = List.copyOf(write);
    }

    /** Returns those of a machine that boots. */
    static Bounds ofBoot(MachineConfig config, HostTools tools, Optional<RamFile> ram) {
        Bounds rest = ofRestore(config, tools, ram);
        List<Path> read = new ArrayList<>(rest.read);
        read.add(config.image());
        read.add(config.initramfs());
        return new Bounds(read, rest.write, rest.memoryBytes, rest.processes, rest.cpus);
    }

    /**
     * Returns those of a machine that loads no kernel. QEMU opens even memory that it does not change for writing.
     *
     * @param ram if it lies outside the machine's folder
     */
    public static Bounds ofRestore(MachineConfig config, HostTools tools, Optional<RamFile> ram) {
        List<Path> read = new ArrayList<>(tools.qemuFiles());
        config.disks().forEach(disk -> disk.file().ifPresent(read::add));
        List<Path> write = new ArrayList<>(tools.files());
        ram.ifPresent(file -> write.add(file.file()));
        int disks = config.disks().stream().mapToInt(Disk::scratchMiB).sum();
        return of(read, write, config.cpus(), config.memoryMiB(), disks);
    }

    /** Counts memory twice: files count too where they lie in memory, and a core of the guest is as large as its memory. */
    static Bounds of(List<Path> read, List<Path> write, int cpus, int memoryMiB, int disksMiB) {
        return new Bounds(
                read, write, (2L * memoryMiB + disksMiB + QEMU_MIB) << 20, cpus + QEMU_THREADS, cpus + QEMU_CPUS);
    }

    /** Returns the guard's options. */
    List<String> words(Path folder) {
        List<String> words = new ArrayList<>(List.of(
                "--memory", Long.toString(memoryBytes),
                "--processes", Integer.toString(processes),
                "--cpus", Integer.toString(cpus)));
        read.forEach(path -> words.addAll(List.of("--read", absolute(path))));
        Stream.concat(Stream.of(folder), write.stream())
                .forEach(path -> words.addAll(List.of("--write", absolute(path))));
        return List.copyOf(words);
    }

    private static String absolute(Path path) {
        return path.toAbsolutePath().toString();
    }
}
