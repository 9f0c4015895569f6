// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import io.ksplat.kernel.internal.Digests;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Something bootable, with what is known of it before it has booted.
 *
 * @param spec what it was asked for as
 * @param release as {@code uname -r} says on it
 * @param key tells it apart from all other kernels, also from those of the same release; fit for a file name
 * @param image the bzImage, or the vmlinux that was given
 * @param vmlinux the uncompressed ELF with a PVH entry, where the image holds one. QEMU starts it without the
 *     decompressor, which takes most of a boot without KVM. KASLR is the decompressor's work, so there is none on
 *     this way (arch/x86/boot/compressed/kaslr.c), neither of text nor of memory regions
 * @param config the configuration it was built with
 * @param debugVmlinux the ELF with DWARF
 * @param btf the kernel's own BTF, raw, cut from the image; a kernel without one was built without BTF, or hides it
 * @param virtioPci whether virtio over PCI is built in
 * @param virtioMmio whether virtio over MMIO is built in, devices on the command line included: a machine without PCI will do
 * @param modules a folder with the virtio modules that a machine needs, in the order of their names; it may be empty
 * @param digest SHA-256 of the image, hexadecimal
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
    /** What to give to QEMU's {@code -kernel}: the fastest that there is. */
    public Path bootImage() {
        return vmlinux.orElse(image);
    }

    /** Twelve hexadecimal digits of the SHA-256 of its configuration; empty where that is not known. */
    public Optional<String> configDigest() throws IOException {
        return config.isPresent() ? Optional.of(Digests.sha256(config.get()).substring(0, 12)) : Optional.empty();
    }
}
