// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import io.ksplat.kernel.internal.Digests;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.arch.Arch;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The programs on the host that a machine needs, and the agent that runs in it.
 *
 * @param qemu a path, or a name to look for in PATH
 * @param launcher where machines run if not on this host; {@code qemu} is not used then
 * @param hasSandbox whether QEMU can refuse itself system calls
 * @param files files and folders that QEMU may read and write, besides those of its machine
 */
public record HostTools(
        String qemu,
        Path guard,
        Path tsc,
        Path agent,
        Optional<QemuLauncher> launcher,
        boolean hasSandbox,
        List<Path> files) {
    public HostTools {
        files = List.copyOf(files);
    }

    /** QEMU's own seccomp filter, with all that it can deny: a machine needs no other program, and no more rights. */
    private static final List<String> SANDBOX =
            List.of("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");

    /** What QEMU reads, from the folder of its program. */
    private static final List<String> INSTALLED = List.of("../share/qemu", "qemu-bundle", "pc-bios", "../pc-bios");

    /** Makes the tools of machines on this host. */
    public HostTools(String qemu, Path guard, Path tsc, Path agent) {
        this(qemu, guard, tsc, agent, Optional.empty(), false, List.of());
    }

    /** Returns the same tools for machines that run elsewhere. */
    public HostTools at(QemuLauncher elsewhere) {
        return new HostTools(qemu, guard, tsc, agent, Optional.of(elsewhere), false, files);
    }

    /** Returns the same tools with another QEMU. */
    public HostTools withQemu(String other, boolean sandbox) {
        return new HostTools(other, guard, tsc, agent, launcher, sandbox, files);
    }

    /** Returns the same tools with a QEMU that may read and write these files and folders, too. */
    public HostTools withFiles(List<Path> more) {
        return new HostTools(qemu, guard, tsc, agent, launcher, hasSandbox, more);
    }

    /** Returns what a command of QEMU's gets in addition, so that the process may do less. */
    List<String> confinement() {
        return hasSandbox ? SANDBOX : List.of();
    }

    /** Returns whether QEMU was built with seccomp; one that was not refuses the option. */
    public boolean asksForSandbox() throws IOException {
        List<String> command = new ArrayList<>(List.of(qemu));
        command.addAll(SANDBOX);
        command.add("--version");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return ends(process, 10) && process.exitValue() == 0;
    }

    private static final List<String> OWN = List.of("ksplat-guard", "ksplat-tsc", "ksplat-agent");

    /**
     * Returns QEMU from {@code KSPLAT_QEMU} or PATH, with the files of {@code KSPLAT_QEMU_FILES}, and ksplat's own programs from the folder to which
     * they were unpacked.
     */
    public static HostTools in(Path folder) {
        String qemu = System.getenv().getOrDefault("KSPLAT_QEMU", Arch.guest().qemu());
        List<Path> files = Stream.of(
                        System.getenv().getOrDefault("KSPLAT_QEMU_FILES", "").split(":", -1))
                .filter(file -> !file.isEmpty())
                .map(Path::of)
                .toList();
        return new HostTools(
                        qemu,
                        folder.resolve("ksplat-guard"),
                        folder.resolve("ksplat-tsc"),
                        folder.resolve("ksplat-agent"))
                .withFiles(files);
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

    /**
     * ksplat's own programs, as this jar has them.
     *
     * @param digest the SHA-256 of all, in hexadecimal
     * @param lengths in bytes, by name
     */
    public record Packed(String digest, Map<String, Integer> lengths) {
        public Packed {
            lengths = Map.copyOf(lengths);
        }

        /** Fails if a program that was unpacked to a folder has another length. */
        public void checkWhole(Path folder) throws IOException {
            for (Map.Entry<String, Integer> program : lengths.entrySet()) {
                Path file = folder.resolve(program.getKey());
                if (Files.size(file) != program.getValue()) {
                    throw new MachineException(file + " is damaged");
                }
            }
        }
    }

    private static @Nullable Packed packed;

    /** Returns what this jar has of ksplat's own programs; it is unpacked for that once. */
    public static synchronized Packed packed() throws IOException {
        Packed known = packed;
        if (known != null) {
            return known;
        }
        MessageDigest sha = Digests.sha256();
        Map<String, Integer> lengths = new HashMap<>();
        for (String name : OWN) {
            byte[] program = resource(name);
            sha.update(program);
            lengths.put(name, program.length);
        }
        known = new Packed(Digests.hex(sha), lengths);
        packed = known;
        return known;
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
        return inPath().orElseThrow(() ->
                        new MachineException(qemu + " is not in PATH: install QEMU, or set KSPLAT_QEMU to its path"))
                .toRealPath();
    }

    private Optional<Path> inPath() {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1))
                .map(folder -> Path.of(folder.isEmpty() ? "." : folder, qemu))
                .filter(file -> Files.isExecutable(file) && Files.isRegularFile(file))
                .findFirst();
    }

    /** Returns QEMU and its firmware, as they lie in a folder of their own, or where QEMU was built. */
    List<Path> qemuFiles() {
        Optional<Path> binary = qemu.contains("/") ? Optional.of(Path.of(qemu)) : inPath();
        return binary.map(Path::toAbsolutePath).stream()
                .flatMap(file -> Stream.concat(
                        Stream.of(file),
                        INSTALLED.stream().map(file::resolveSibling).filter(Files::exists)))
                .toList();
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
            if (!ends(process, seconds) || process.exitValue() != 0) {
                throw new MachineException(
                        String.join(" ", command) + " failed or did not end within " + seconds + " s");
            }
            String text = new String(out.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            return text.lines().findFirst().orElse("").strip();
        }
    }

    /** Waits for its end, and ends it if it comes too late. */
    private static boolean ends(Process process, int seconds) throws IOException {
        try {
            boolean ended = process.waitFor(seconds, TimeUnit.SECONDS);
            if (!ended) {
                process.destroyForcibly();
            }
            return ended;
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while running a program of this host", e);
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
