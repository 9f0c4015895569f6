// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveOutputStream;
import org.apache.commons.compress.archivers.cpio.CpioConstants;

/**
 * Writes an initramfs of the agent, and of virtio modules if the kernel has not built them in (the kernel's
 * Documentation/driver-api/early-userspace/buffer-format.rst).
 */
public final class Initramfs {
    /** The last entry of each archive, and how much of its end has that: the archive is filled up to a block of 512 bytes. */
    private static final String TRAILER = "TRAILER!!!";

    private static final int END = 1024;

    private Initramfs() {}

    /**
     * Writes an initramfs to {@code target}; equal agents give equal bytes.
     *
     * @param modules kernel modules that the agent loads first, in the order of their names
     */
    public static void write(Path agent, List<Path> modules, Path target) throws IOException {
        write(agent, modules, Optional.empty(), target);
    }

    /**
     * Does the same as {@link #write(Path, List, Path)}.
     *
     * @param modprobe the program for modules that the kernel asks for later
     */
    public static void write(Path agent, List<Path> modules, Optional<Path> modprobe, Path target) throws IOException {
        try (OutputStream out = Files.newOutputStream(target);
                CpioArchiveOutputStream cpio = new CpioArchiveOutputStream(out, CpioConstants.FORMAT_NEW)) {
            directory(cpio, "dev");
            // The kernel opens it for init before anything can mount a devtmpfs.
            CpioArchiveEntry console = new CpioArchiveEntry(CpioConstants.FORMAT_NEW, "dev/console");
            console.setMode(CpioConstants.C_ISCHR | 0600);
            console.setRemoteDeviceMaj(5);
            console.setRemoteDeviceMin(1);
            put(cpio, console, new byte[0]);
            program(cpio, "init", agent);
            if (modprobe.isPresent()) {
                program(cpio, "modprobe", modprobe.get());
            }
            if (!modules.isEmpty()) {
                directory(cpio, "modules");
            }
            for (Path module : modules) {
                CpioArchiveEntry entry =
                        new CpioArchiveEntry(CpioConstants.FORMAT_NEW, "modules/" + module.getFileName());
                entry.setMode(CpioConstants.C_ISREG | 0644);
                put(cpio, entry, Files.readAllBytes(module));
            }
        }
    }

    /**
     * Writes an initramfs that brings a table of ACPI for the kernel (Documentation/admin-guide/acpi/initrd_table_override.rst): it must
     * come first, and in an archive that is not packed.
     */
    public static void writeWithTable(byte[] table, Path initramfs, Path target) throws IOException {
        try (OutputStream out = Files.newOutputStream(target)) {
            CpioArchiveOutputStream cpio = new CpioArchiveOutputStream(out, CpioConstants.FORMAT_NEW);
            directory(cpio, "kernel");
            directory(cpio, "kernel/firmware");
            directory(cpio, "kernel/firmware/acpi");
            CpioArchiveEntry entry = new CpioArchiveEntry(CpioConstants.FORMAT_NEW, "kernel/firmware/acpi/srat.aml");
            entry.setMode(CpioConstants.C_ISREG | 0644);
            put(cpio, entry, table);
            cpio.finish();
            Files.copy(initramfs, out);
        }
    }

    /** Fails if a file has not the end of an archive: a crash of the host may have cut it. */
    public static void checkWhole(Path initramfs) throws IOException {
        try (FileChannel file = FileChannel.open(initramfs)) {
            ByteBuffer end = ByteBuffer.allocate(END);
            file.read(end, Math.max(0, file.size() - END));
            if (!new String(end.array(), StandardCharsets.ISO_8859_1).contains(TRAILER)) {
                throw new MachineException(initramfs + " is damaged");
            }
        }
    }

    private static void program(CpioArchiveOutputStream cpio, String name, Path file) throws IOException {
        CpioArchiveEntry entry = new CpioArchiveEntry(CpioConstants.FORMAT_NEW, name);
        entry.setMode(CpioConstants.C_ISREG | 0755);
        put(cpio, entry, Files.readAllBytes(file));
    }

    private static void directory(CpioArchiveOutputStream cpio, String name) throws IOException {
        CpioArchiveEntry entry = new CpioArchiveEntry(CpioConstants.FORMAT_NEW, name);
        entry.setMode(CpioConstants.C_ISDIR | 0755);
        put(cpio, entry, new byte[0]);
    }

    private static void put(CpioArchiveOutputStream cpio, CpioArchiveEntry entry, byte[] content) throws IOException {
        entry.setTime(0);
        entry.setSize(content.length);
        cpio.putArchiveEntry(entry);
        cpio.write(content);
        cpio.closeArchiveEntry();
    }
}
