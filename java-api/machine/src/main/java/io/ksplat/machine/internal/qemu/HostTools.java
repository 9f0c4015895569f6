// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.arch.Arch;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The programs on the host that a machine needs, and the agent that runs in it.
 *
 * @param qemu a path, or a name to look for in PATH
 * @param launcher where machines run if not on this host; {@code qemu} is not used then
 */
public record HostTools(String qemu, Path guard, Path tsc, Path agent, Optional<QemuLauncher> launcher) {
    /** Makes the tools of machines on this host. */
    public HostTools(String qemu, Path guard, Path tsc, Path agent) {
        this(qemu, guard, tsc, agent, Optional.empty());
    }

    /** Returns the same tools for machines that run elsewhere. */
    public HostTools at(QemuLauncher elsewhere) {
        return new HostTools(qemu, guard, tsc, agent, Optional.of(elsewhere));
    }

    private static final List<String> OWN = List.of("ksplat-guard", "ksplat-tsc", "ksplat-agent");

    /** Returns QEMU from {@code KSPLAT_QEMU} or PATH, and ksplat's own programs from the folder to which they were unpacked. */
    public static HostTools in(Path folder) {
        String qemu = System.getenv().getOrDefault("KSPLAT_QEMU", Arch.guest().qemu());
        return new HostTools(
                qemu, folder.resolve("ksplat-guard"), folder.resolve("ksplat-tsc"), folder.resolve("ksplat-agent"));
    }

    /** Unpacks ksplat's own programs from this jar. */
    public static HostTools unpackTo(Path folder) throws IOException {
        for (String name : OWN) {
            Path target = folder.resolve(name);
            Files.write(target, resource(name));
            Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        return in(folder);
    }

    /** Returns the SHA-256 of ksplat's own programs, in hexadecimal. */
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

    /** Returns QEMU's program file. */
    public Path qemuBinary() throws IOException {
        if (qemu.contains("/")) {
            try {
                return Path.of(qemu).toRealPath();
            } catch (java.nio.file.NoSuchFileException e) {
                throw new MachineException(
                        "there is no QEMU at " + qemu + ": install it, or set KSPLAT_QEMU to its path", e);
            }
        }
        for (String folder : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
            Path file = Path.of(folder.isEmpty() ? "." : folder, qemu);
            if (Files.isExecutable(file) && Files.isRegularFile(file)) {
                return file.toRealPath();
            }
        }
        throw new MachineException(qemu + " is not in PATH: install QEMU, or set KSPLAT_QEMU to its path");
    }

    /** Returns QEMU's version, the distribution's part included. */
    public String qemuVersion() throws IOException {
        if (launcher.isPresent()) {
            throw new MachineException(
                    "the version of the QEMU in " + launcher.get().name() + " is unknown");
        }
        return firstLine(10, qemu, "--version");
    }

    /** Measures the frequency of the host's time stamp counter, in kHz. */
    public long measureTscKhz() throws IOException {
        return Long.parseLong(firstLine(10, tsc.toString()));
    }

    private static String firstLine(int seconds, String... command) throws IOException {
        Process process = new ProcessBuilder(command).start();
        try (InputStream out = process.getInputStream()) {
            if (!process.waitFor(seconds, TimeUnit.SECONDS) || process.exitValue() != 0) {
                process.destroyForcibly();
                throw new MachineException(
                        String.join(" ", command) + " failed or did not end within " + seconds + " s");
            }
            String text = new String(out.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            return text.lines().findFirst().orElse("").strip();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while running " + command[0], e);
        }
    }

    /** Returns the agent's program, which runs on any machine. */
    public static byte[] agentProgram() throws IOException {
        return resource("ksplat-agent");
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = HostTools.class.getResourceAsStream("/io/ksplat/native/" + name)) {
            if (in == null) {
                throw new MachineException(name + " is not in ksplat's jar: build it with make -C native");
            }
            return in.readAllBytes();
        }
    }
}
