// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.internal.forensics.HangAnalysis;
import io.ksplat.machine.internal.forensics.hang.Diagnosis;
import io.ksplat.machine.internal.forensics.unwind.SourceFrames;
import io.ksplat.machine.internal.qemu.MachineConfig;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import io.ksplat.machine.internal.snapshot.TemplateStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Real machines under TCG, with a distribution's kernel where no other is named. */
public final class TestMachines {
    /** The kernel of the tests that need lockdep or debug information. */
    public static final String LOCKDEP = "source:7.3+lockdep";

    private final Cache cache = Cache.standard();
    private final Kernel kernel;
    private final MachineFactory host;

    public TestMachines() throws Exception {
        this("debian:7.2");
    }

    /** With another kernel, which is fetched if the cache has none. A test of a kernel that is built has the tag "lockdep": ./ksplat verify builds it before. */
    public TestMachines(String kernelSpec) throws Exception {
        kernel = new Kernels(cache).resolve(KernelSpec.parse(kernelSpec), Progress.NONE);
        host = MachineFactory.open(cache, Optional.of(Accelerator.TCG));
    }

    public Cache cache() {
        return cache;
    }

    public MachineFactory host() {
        return host;
    }

    public KernelInfo facts() throws Exception {
        return KernelInfo.of(kernel, host, cache, Progress.NONE);
    }

    public MachineConfig config(String... parameters) throws IOException, InterruptedException {
        return host.config(kernel, Accelerator.TCG, 2, 256, List.of(parameters));
    }

    public Guest boot(Path folder, String... parameters) throws IOException, InterruptedException {
        return host.boot(config(parameters), folder.resolve("console.log"), Progress.NONE)
                .guest();
    }

    /** Restores a machine from its template, or boots it where there is none. */
    public Guest restore(Path folder, String... parameters) throws Exception {
        return new TemplateStore(host, cache)
                .start(kernel, config(parameters), folder.resolve("console.log"), 0, Progress.NONE)
                .guest();
    }

    /** Reads a machine's memory by the symbols of its kernel alone. */
    public HangAnalysis analysis(Guest guest) throws Exception {
        Symbols symbols = facts().symbols();
        return new HangAnalysis(guest.vm(), facts(), symbols, new SourceFrames(kernel, symbols, List.of()), cache);
    }

    /** Reads a machine of which a CPU is known to be stuck for a spin lock. */
    public Evidence ofStuckCpu(Guest guest, Symbols symbols, SourceFrames sources, int cpu) throws Exception {
        Diagnosis diagnosis = new Diagnosis(
                List.of(new Diagnosis.Stuck(cpu, 0, 0, true, Set.of("queued_spin_lock_slowpath"))), List.of(), false);
        return new HangAnalysis(guest.vm(), facts(), symbols, sources, cache)
                .of(diagnosis)
                .evidence();
    }

    /** The path of a program in the guest that never ends. */
    public static String spinner(Guest guest) throws IOException {
        return LinuxProgram.SPIN.in(guest);
    }

    /** QEMU's process id: its vCPU threads belong to it (proc(5)). */
    public static long pid(VirtualMachine vm) throws IOException {
        Path status = Path.of("/proc", vm.cpuThreads().get(0).toString(), "status");
        for (String line : Files.readAllLines(status)) {
            if (line.startsWith("Tgid:")) {
                return Long.parseLong(line.substring(5).strip());
            }
        }
        throw new AssertionError("no Tgid in " + status);
    }

    /** Sends a signal: KILL, STOP, CONT. */
    public static void signal(long pid, String name) throws IOException, InterruptedException {
        int status = new ProcessBuilder("sh", "-c", "kill -" + name + " " + pid)
                .inheritIO()
                .start()
                .waitFor();
        if (status != 0) {
            throw new AssertionError("kill -" + name + " " + pid + " failed: " + status);
        }
    }
}
