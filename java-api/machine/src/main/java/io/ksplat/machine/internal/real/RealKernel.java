// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.internal.Digests;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.AgentException;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.agent.AgentClient;
import io.ksplat.machine.internal.agent.proto.Hello;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.zip.GZIPInputStream;

/**
 * The kernel that runs on a real machine: everything that is known of it, it told itself.
 *
 * @param commandLine of its boot
 */
public record RealKernel(KernelInfo info, String commandLine, int cpus) {
    private static final int ENOENT = 2;
    private static final int KEY_BYTES = 6;

    /**
     * Reads it, through an agent of its own; what is large is kept in the cache.
     *
     * @param booted the kernel that it was made to boot; empty: it was booted with one of its own
     * @throws KernelException if it has no BTF
     */
    public static RealKernel read(MachineEntry entry, Reach reach, Optional<Kernel> booted, Cache cache)
            throws IOException, InterruptedException, KernelException {
        reach.connect();
        try (AgentLink link = AgentLink.start(entry, reach)) {
            AgentClient agent = link.client();
            Hello hello = link.hello();
            if (!hello.getHasBtf()) {
                throw new KernelException("the kernel on " + entry.name() + ", " + hello.getRelease()
                        + ", has no BTF (CONFIG_DEBUG_INFO_BTF): programs cannot be compiled for it");
            }
            // Its notes have the build's id (vmlinux.lds.h, NOTES).
            String digest = Digests.sha256(HexFormat.of().formatHex(agent.readFile("/sys/kernel/notes"))
                    + hello.getRelease()
                    + hello.getVersion());
            String key = hello.getRelease() + "-" + digest.substring(0, 2 * KEY_BYTES);
            KernelInfo info = cache.<KernelInfo, KernelException>read(
                    "facts",
                    "real-" + key + "-" + Integer.toHexString(Symbols.FORMAT),
                    fresh -> inspect(agent, hello, fresh),
                    // What it takes, its entry tells.
                    folder -> KernelInfo.kept(
                            booted.orElseGet(() -> running(entry, hello, key, digest, folder)),
                            hello.getRelease(),
                            Accelerator.KVM,
                            folder));
            return new RealKernel(
                    info, KernelBoot.withoutToken(text(agent.readFile("/proc/cmdline"))), hello.getCpus());
        }
    }

    private static Kernel running(MachineEntry entry, Hello hello, String key, String digest, Path folder) {
        Path config = folder.resolve("config");
        return new Kernel(
                new KernelSpec.Running(entry.name()),
                hello.getRelease(),
                key,
                folder.resolve("banner"),
                Optional.empty(),
                Files.exists(config) ? Optional.of(config) : Optional.empty(),
                Optional.empty(),
                Optional.of(folder.resolve("btf")),
                false,
                false,
                Optional.empty(),
                digest);
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1).strip();
    }

    private static void inspect(AgentClient agent, Hello hello, Path folder) throws IOException {
        Files.writeString(folder.resolve("banner"), text(agent.readFile("/proc/version")));
        Optional<byte[]> config = file(agent, "/boot/config-" + hello.getRelease());
        if (config.isEmpty()) {
            Optional<byte[]> packed = file(agent, "/proc/config.gz");
            config = packed.isPresent() ? Optional.of(unpacked(packed.get())) : Optional.empty();
        }
        if (config.isPresent()) {
            Files.write(folder.resolve("config"), config.get());
        }
        KernelInfo.keep(agent, Optional.empty(), folder);
    }

    private static byte[] unpacked(byte[] packed) throws IOException {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(packed))) {
            return in.readNBytes(16 << 20);
        }
    }

    /** Reads a file of the machine; empty if there is none. */
    static Optional<byte[]> file(AgentClient agent, String path) throws IOException {
        try {
            return Optional.of(agent.readFile(path));
        } catch (AgentException e) {
            if (e.errno() == ENOENT) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** Returns, after another boot, what is another than before, in words. */
    public Optional<String> differenceFrom(RealKernel before) {
        String was = before.info.kernel().key();
        String is = info.kernel().key();
        if (!is.equals(was)) {
            return Optional.of("another kernel, " + is + " where " + was + " was");
        }
        if (!commandLine.equals(before.commandLine)) {
            return Optional.of(
                    "with another boot line, \"" + commandLine + "\" where \"" + before.commandLine + "\" was");
        }
        return cpus == before.cpus
                ? Optional.empty()
                : Optional.of("with " + cpus + " CPUs where " + before.cpus + " were");
    }

    /** Returns the boot parameters of these that it was not booted with. */
    public List<String> missing(List<String> bootParameters) {
        Set<String> given = Set.copyOf(Arrays.asList(commandLine.split("\\s+")));
        return bootParameters.stream()
                .filter(parameter -> !given.contains(parameter))
                .toList();
    }
}
