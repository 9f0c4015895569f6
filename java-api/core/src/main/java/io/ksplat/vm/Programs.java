// SPDX-License-Identifier: Apache-2.0
package io.ksplat.vm;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;

/**
 * The programs that a machine needs on the host, and the agent that it runs inside.
 *
 * @param qemu a path, or a name to look for in PATH
 */
public record Programs(String qemu, Path guard, Path tsc, Path agent) {

    /**
     * QEMU from {@code KSPLAT_QEMU} or PATH, and ksplat's own programs out of this jar.
     *
     * @param folder where the latter are unpacked
     */
    public static Programs unpackTo(Path folder) throws IOException {
        String qemu = System.getenv().getOrDefault("KSPLAT_QEMU", "qemu-system-x86_64");
        return new Programs(
                qemu, unpack("ksplat-guard", folder), unpack("ksplat-tsc", folder), unpack("ksplat-agent", folder));
    }

    /** The frequency of the host's time stamp counter, in kHz. */
    public long measureTscKhz() throws IOException {
        Process process = new ProcessBuilder(tsc.toString()).start();
        try (InputStream out = process.getInputStream()) {
            if (!process.waitFor(10, TimeUnit.SECONDS) || process.exitValue() != 0) {
                process.destroyForcibly();
                throw new MachineException("ksplat-tsc did not measure the TSC in 10 s");
            }
            return Long.parseLong(new String(out.readAllBytes(), java.nio.charset.StandardCharsets.US_ASCII).strip());
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while measuring the TSC", e);
        }
    }

    private static Path unpack(String name, Path folder) throws IOException {
        Path target = folder.resolve(name);
        if (Files.isExecutable(target)) {
            return target;
        }
        Files.createDirectories(folder);
        Path partial = Files.createTempFile(folder, name, ".part");
        try (InputStream in = Programs.class.getResourceAsStream("/io/ksplat/native/" + name)) {
            if (in == null) {
                throw new MachineException(name + " is not in ksplat's jar: build it with make -C native");
            }
            Files.copy(in, partial, StandardCopyOption.REPLACE_EXISTING);
            Files.setPosixFilePermissions(partial, PosixFilePermissions.fromString("rwxr-xr-x"));
            // Two processes may unpack at once: both bring the same bytes.
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(partial);
        }
        return target;
    }
}
