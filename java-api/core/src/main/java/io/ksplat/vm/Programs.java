// SPDX-License-Identifier: Apache-2.0
package io.ksplat.vm;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The programs that a machine needs on the host, and the agent that it runs inside.
 *
 * @param qemu a path, or a name to look for in PATH
 */
public record Programs(String qemu, Path guard, Path tsc, Path agent) {

    private static final List<String> OWN = List.of("ksplat-guard", "ksplat-tsc", "ksplat-agent");

    /** QEMU from {@code KSPLAT_QEMU} or PATH, and ksplat's own programs from a folder to which they were unpacked. */
    public static Programs in(Path folder) {
        String qemu = System.getenv().getOrDefault("KSPLAT_QEMU", "qemu-system-x86_64");
        return new Programs(
                qemu, folder.resolve("ksplat-guard"), folder.resolve("ksplat-tsc"), folder.resolve("ksplat-agent"));
    }

    /** Takes ksplat's own programs out of this jar. */
    public static Programs unpackTo(Path folder) throws IOException {
        for (String name : OWN) {
            Path target = folder.resolve(name);
            Files.write(target, resource(name));
            Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        return in(folder);
    }

    /** SHA-256 of ksplat's own programs, in hexadecimal. */
    public static String digest() throws IOException {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            for (String name : OWN) {
                sha.update(resource(name));
            }
            return HexFormat.of().formatHex(sha.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
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

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = Programs.class.getResourceAsStream("/io/ksplat/native/" + name)) {
            if (in == null) {
                throw new MachineException(name + " is not in ksplat's jar: build it with make -C native");
            }
            return in.readAllBytes();
        }
    }
}
