// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.image;

import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.internal.Digests;
import io.ksplat.kernel.internal.Elf;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Properties;

/** The folder of a kernel in the cache: {@code image}, and {@code vmlinux}, {@code config}, {@code debug} and {@code btf} if it has them. */
public final class KernelFolder {
    private static final String FACTS = "kernel.properties";

    private KernelFolder() {}

    /**
     * Completes a folder that holds the {@code image}, and maybe the {@code config} and the {@code debug} file.
     *
     * @param original the file or package that the image came from, for messages
     * @return the release of the kernel
     */
    public static String complete(Path folder, Path original)
            throws IOException, InterruptedException, KernelException {
        Path file = folder.resolve("image");
        KernelImage image = KernelImage.open(file);
        Path vmlinux = folder.resolve("vmlinux");
        String release = image.release();
        Properties facts = new Properties();
        facts.setProperty("release", release);
        facts.setProperty("digest", Digests.sha256(file));
        facts.setProperty("from", original.toString());
        boolean bootable = image.unpack(vmlinux);
        Path config = folder.resolve("config");
        try (FileChannel channel = FileChannel.open(vmlinux, StandardOpenOption.READ)) {
            Optional<Elf> elf = Elf.of(channel);
            Optional<byte[]> btf = elf.isPresent() ? elf.get().section(".BTF") : Optional.empty();
            if (btf.isPresent()) {
                Files.write(folder.resolve("btf"), btf.get());
            }
            Optional<String> embedded = Files.exists(config) ? Optional.empty() : KernelConfig.embedded(channel);
            if (embedded.isPresent()) {
                Files.writeString(config, embedded.get());
            }
        } catch (Elf.MalformedException e) {
            throw KernelImage.damaged(original, e);
        }
        if (!bootable) {
            Files.delete(vmlinux);
        }
        if (Files.exists(config)) {
            KernelConfig options = KernelConfig.parse(Files.readString(config));
            facts.setProperty("virtioPci", Boolean.toString(options.builtIn("VIRTIO_PCI")));
            facts.setProperty(
                    "virtioMmio",
                    Boolean.toString(options.builtIn("VIRTIO_MMIO") && options.builtIn("VIRTIO_MMIO_CMDLINE_DEVICES")));
        } else {
            // A guess: kernels for virtual machines have PCI, and only small ones have MMIO.
            facts.setProperty("virtioPci", "true");
            facts.setProperty("virtioMmio", "false");
        }
        try (OutputStream out = Files.newOutputStream(folder.resolve(FACTS))) {
            facts.store(out, null);
        }
        return release;
    }

    /** Loads the kernel of a completed folder. */
    public static Kernel load(Path folder, KernelSpec spec, String key) throws IOException, KernelException {
        Properties facts = new Properties();
        try (InputStream in = Files.newInputStream(folder.resolve(FACTS))) {
            facts.load(in);
        }
        return new Kernel(
                spec,
                fact(facts, "release", folder),
                key,
                folder.resolve("image"),
                existing(folder, "vmlinux"),
                existing(folder, "config"),
                existing(folder, "debug"),
                existing(folder, "btf"),
                Boolean.parseBoolean(fact(facts, "virtioPci", folder)),
                Boolean.parseBoolean(fact(facts, "virtioMmio", folder)),
                existing(folder, "modules"),
                fact(facts, "digest", folder));
    }

    private static String fact(Properties facts, String name, Path folder) throws KernelException {
        String value = facts.getProperty(name);
        if (value == null) {
            throw new KernelException(folder.resolve(FACTS) + " has no " + name + ": remove the folder");
        }
        return value;
    }

    private static Optional<Path> existing(Path folder, String name) {
        Path file = folder.resolve(name);
        return Files.exists(file) ? Optional.of(file) : Optional.empty();
    }
}
