// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import io.ksplat.kernel.internal.Digests;
import io.ksplat.kernel.internal.image.UpstreamVersion;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A bootable kernel, and what is known about it before it boots.
 *
 * <pre>{@code
 * Kernel kernel = new io.ksplat.kernel.Kernels(Cache.standard()).resolve(KernelSpec.parse("debian:7.2"), Progress.NONE);
 * System.out.println(kernel.release() + " from " + kernel.spec() + ", config " + kernel.configDigest().orElse("unknown"));
 * }</pre>
 *
 * @param spec the spec that it was resolved from
 * @param release what {@code uname -r} prints on it
 * @param key a name for files; no other kernel has it, also not one of the same release
 * @param image the bzImage, or the vmlinux that the user named
 * @param vmlinux the uncompressed ELF with a PVH entry, if the image holds one. QEMU starts it without the decompressor, which takes
 *     most of a boot without KVM. The decompressor does KASLR (arch/x86/boot/compressed/kaslr.c), so neither text nor memory regions
 *     are moved in such a boot
 * @param config the configuration that it was built with
 * @param debugVmlinux the ELF with DWARF
 * @param btf the kernel's raw BTF, cut from the image; empty if the kernel was built without BTF
 * @param virtioPci whether virtio over PCI is built in
 * @param virtioMmio whether virtio over MMIO is built in, with devices on the command line: such a kernel boots without PCI
 * @param modules a folder with the virtio modules to load, in the order of their names; it may be empty
 * @param digest SHA-256 of the image, in hexadecimal
 */
public record Kernel(
        KernelSpec spec,
        String release,
        String key,
        Path image,
        Optional<Path> vmlinux,
        Optional<Path> config,
        Optional<Path> debugVmlinux,
        Optional<Path> btf,
        boolean virtioPci,
        boolean virtioMmio,
        Optional<Path> modules,
        String digest) {
    /** Returns the file for QEMU's {@code -kernel}: the one that boots fastest. */
    public Path bootImage() {
        return vmlinux.orElse(image);
    }

    /**
     * Returns the version of the upstream sources that it was built from: as its configuration tells it, else a Debian package's version in
     * its banner, else its release. Debian's release 6.1.0-56 is 6.1.192.
     */
    public String version() throws IOException {
        return UpstreamVersion.of(this);
    }

    /** Returns the first 12 hexadecimal digits of the SHA-256 of its configuration; empty if that is not known. */
    public Optional<String> configDigest() throws IOException {
        return config.isPresent() ? Optional.of(Digests.sha256(config.get()).substring(0, 12)) : Optional.empty();
    }
}
