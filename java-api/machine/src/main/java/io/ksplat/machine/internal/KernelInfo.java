// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.bpf.internal.libbpf.KernelBtf;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.internal.agent.AgentClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What is known of a kernel only once it has run: its symbols and its BTF, read through the agent in one boot and kept.
 *
 * @param release as {@code uname -r} prints it
 * @param symbols where the kernel lies without KASLR
 * @param headers a folder that holds the kernel's vmlinux.h
 */
public record KernelInfo(
        Kernel kernel, String release, Accelerator accelerator, Symbols symbols, KernelBtf btf, Path headers) {

    /**
     * From the cache, or from a boot.
     *
     * @throws KernelException if the kernel has no BTF
     */
    public static KernelInfo of(Kernel kernel, MachineFactory host, Cache cache, Progress progress)
            throws IOException, InterruptedException, KernelException {
        Accelerator accelerator = host.accelerator(kernel, progress);
        return cache.<KernelInfo, KernelException>read(
                "facts",
                kernel.key() + "-" + Integer.toHexString(Symbols.FORMAT),
                fresh -> {
                    progress.step("template");
                    progress.report("first boot of " + kernel.key() + ": reading its symbols and its BTF");
                    inspect(kernel, accelerator, host, fresh, progress);
                },
                folder -> kept(kernel, Files.readString(folder.resolve("release")), accelerator, folder));
    }

    /** Reads what {@link #keep} has written. */
    public static KernelInfo kept(Kernel kernel, String release, Accelerator accelerator, Path folder)
            throws IOException {
        return new KernelInfo(
                kernel,
                release,
                accelerator,
                Symbols.read(folder.resolve("symbols")),
                KernelBtf.read(folder.resolve("btf")),
                folder.resolve("include"));
    }

    private static void inspect(
            Kernel kernel, Accelerator accelerator, MachineFactory host, Path folder, Progress progress)
            throws IOException, InterruptedException, KernelException {
        try (Guest guest = host.boot(
                        host.config(kernel, accelerator, 2, 256, List.of()), folder.resolve("console.log"), progress)
                .guest()) {
            if (!guest.hello().getHasBtf()) {
                throw new KernelException(
                        "the kernel " + kernel.spec() + " has no BTF (CONFIG_DEBUG_INFO_BTF): programs "
                                + "cannot be compiled for it; take another kernel, or build this one with BTF");
            }
            Files.writeString(folder.resolve("release"), guest.hello().getRelease());
            keep(guest.agent(), kernel.btf(), folder);
        }
    }

    /**
     * Keeps what a kernel that runs tells of itself.
     *
     * @param known its BTF, if that is known without asking
     */
    public static void keep(AgentClient agent, Optional<Path> known, Path folder) throws IOException {
        Symbols.parse(agent.readFile("/proc/kallsyms")).withoutModules().write(folder.resolve("symbols"));
        Path raw = folder.resolve("btf");
        if (known.isPresent()) {
            Files.copy(known.get(), raw);
        } else {
            Files.write(raw, agent.readFile("/sys/kernel/btf/vmlinux"));
        }
        Path include = Files.createDirectories(folder.resolve("include"));
        KernelBtf.read(raw).writeVmlinuxHeader(include.resolve("vmlinux.h"));
    }

    /** Returns what it has for BPF programs. */
    public BpfInventory bpf() {
        return BpfInventory.of(btf);
    }

    /** Returns whether a program of fentry can name a function: its type is known. */
    public boolean hasTypeOf(String function) {
        return btf.hasFunction(function);
    }

    /** Returns the BTF id of a function that a program of fentry can name; empty if there is none. */
    public OptionalInt function(String name) {
        return btf.function(name);
    }

    /** Returns whether a program of tp_btf can name an event. */
    public boolean hasEvent(String name) {
        return btf.hasType("btf_trace_" + name);
    }

    /** The symbols of a boot that says where it has its {@code _text}: KASLR moves them all by one constant. */
    public Symbols symbolsAt(long text) {
        long linked = symbols.address("_text").orElse(text);
        return text == linked ? symbols : symbols.slidBy(text - linked);
    }
}
