// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InitramfsTest {
    @TempDir
    Path folder;

    private Path agent(String name, byte[] content) throws IOException {
        return Files.write(folder.resolve(name), content);
    }

    @Test
    void holdsTheAgentAsInitAndAConsole() throws IOException {
        byte[] program = new byte[12_345];
        new java.util.Random(7).nextBytes(program);
        Path target = folder.resolve("initramfs.cpio");
        Initramfs.write(agent("agent", program), List.of(), target);

        Map<String, CpioArchiveEntry> entries = new LinkedHashMap<>();
        byte[] init = {};
        try (CpioArchiveInputStream cpio = new CpioArchiveInputStream(Files.newInputStream(target))) {
            for (CpioArchiveEntry entry = cpio.getNextEntry(); entry != null; entry = cpio.getNextEntry()) {
                entries.put(entry.getName(), entry);
                if (entry.getName().equals("init")) {
                    init = cpio.readAllBytes();
                }
            }
        }
        assertThat(entries.keySet()).containsExactly("dev", "dev/console", "init");
        assertThat(entries.get("dev").isDirectory()).isTrue();
        CpioArchiveEntry console = entries.get("dev/console");
        assertThat(console.isCharacterDevice()).isTrue();
        assertThat(console.getRemoteDeviceMaj()).isEqualTo(5);
        assertThat(console.getRemoteDeviceMin()).isEqualTo(1);
        assertThat(entries.get("init").isRegularFile()).isTrue();
        assertThat(entries.get("init").getMode() & 0777).isEqualTo(0755);
        assertThat(init).isEqualTo(program);
    }

    @Test
    void oneThatWasCutIsNotWhole() throws IOException {
        Path target = folder.resolve("initramfs.cpio");
        // Wherever the end comes to lie in its block.
        for (int bytes = 12_000; bytes < 12_600; bytes += 3) {
            Initramfs.write(agent("agent", new byte[bytes]), List.of(), target);
            Initramfs.checkWhole(target);
        }
        try (FileChannel file = FileChannel.open(target, StandardOpenOption.WRITE)) {
            file.truncate(file.size() / 2);
        }
        assertThatThrownBy(() -> Initramfs.checkWhole(target)).hasMessage(target + " is damaged");
    }

    @Test
    void holdsTheModulesThatTheAgentIsToLoadInTheirOrder() throws IOException {
        Path target = folder.resolve("initramfs.cpio");
        List<Path> modules =
                List.of(agent("01-virtio.ko", new byte[] {5}), agent("02-virtio_console.ko", new byte[] {6}));
        Initramfs.write(agent("agent", new byte[] {1}), modules, target);
        Map<String, byte[]> files = new LinkedHashMap<>();
        try (CpioArchiveInputStream cpio = new CpioArchiveInputStream(Files.newInputStream(target))) {
            for (CpioArchiveEntry entry = cpio.getNextEntry(); entry != null; entry = cpio.getNextEntry()) {
                files.put(entry.getName(), cpio.readAllBytes());
            }
        }
        assertThat(files.keySet())
                .containsExactly(
                        "dev",
                        "dev/console",
                        "init",
                        "modules",
                        "modules/01-virtio.ko",
                        "modules/02-virtio_console.ko");
        assertThat(files.get("modules/02-virtio_console.ko")).containsExactly(6);
    }

    @Test
    void aTableComesFirst() throws IOException {
        Path plain = folder.resolve("plain.cpio");
        Initramfs.write(agent("agent", new byte[] {1}), List.of(), plain);
        Path target = folder.resolve("initramfs.cpio");
        Initramfs.writeWithTable(new byte[] {7, 8}, plain, target);
        Map<String, byte[]> files = new LinkedHashMap<>();
        try (CpioArchiveInputStream cpio = new CpioArchiveInputStream(Files.newInputStream(target))) {
            for (CpioArchiveEntry entry = cpio.getNextEntry(); entry != null; entry = cpio.getNextEntry()) {
                files.put(entry.getName(), cpio.readAllBytes());
            }
        }
        assertThat(files.keySet())
                .containsExactly("kernel", "kernel/firmware", "kernel/firmware/acpi", "kernel/firmware/acpi/srat.aml");
        assertThat(files.get("kernel/firmware/acpi/srat.aml")).containsExactly(7, 8);
        byte[] all = Files.readAllBytes(target);
        byte[] rest = Files.readAllBytes(plain);
        int first = all.length - rest.length;
        assertThat(first % 4)
                .as("the kernel looks for the next archive at such an offset")
                .isZero();
        assertThat(java.util.Arrays.copyOfRange(all, first, all.length)).isEqualTo(rest);
    }

    @Test
    void isTheFormThatTheKernelReads() throws IOException {
        Path target = folder.resolve("initramfs.cpio");
        Initramfs.write(agent("agent", new byte[] {1}), List.of(), target);
        assertThat(Files.readString(target, java.nio.charset.StandardCharsets.ISO_8859_1))
                .startsWith("070701");
    }

    @Test
    void isByteForByteTheSameForEqualAgents() throws Exception {
        Path one = agent("one", new byte[] {1, 2, 3});
        Path other = agent("other", new byte[] {1, 2, 3});
        Files.setLastModifiedTime(other, FileTime.from(Instant.EPOCH));
        Initramfs.write(one, List.of(), folder.resolve("1.cpio"));
        // Time stamps count in seconds.
        Thread.sleep(1100);
        Initramfs.write(other, List.of(), folder.resolve("2.cpio"));
        assertThat(folder.resolve("1.cpio")).hasSameBinaryContentAs(folder.resolve("2.cpio"));
        Initramfs.write(agent("third", new byte[] {1, 2, 4}), List.of(), folder.resolve("3.cpio"));
        assertThat(Files.mismatch(folder.resolve("1.cpio"), folder.resolve("3.cpio")))
                .isNotNegative();
    }
}
