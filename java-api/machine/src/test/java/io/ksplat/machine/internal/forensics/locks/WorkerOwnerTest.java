// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.locks;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.bpf.BpfCompiler;
import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.bpf.BpfProgram;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Register;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.Poll;
import io.ksplat.machine.internal.TestMachines;
import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.arch.Role;
import io.ksplat.machine.internal.forensics.unwind.SourceFrames;
import io.ksplat.machine.internal.qemu.GdbStub;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import io.ksplat.results.internal.EvidenceText;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * An NMI in a worker that holds its pool's lock, which the NMI wants in another function: a kernel without lock debugging, and a CPU
 * that is not idle beside it.
 */
@Tag("machine")
@Tag("full")
@Timeout(360)
class WorkerOwnerTest {
    private static final String CGROUP = "/sys/fs/cgroup/ksplat";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** Workers of other pools run on CPU 0 too: those have other locks. */
    private static final int MOST_NMIS = 20;

    /** Of the vCPU's own run time. */
    private static final long HANGS_NS = 200_000_000;

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "debian:6.12, path_openat, true",
        "debian:6.12, _raw_spin_unlock, false",
        "debian:7.2, path_openat, true",
        "debian:7.2, _raw_spin_unlock, false",
    })
    void theWorkerIsTheOwnerUnlessAnotherCpuMayBeIt(String kernel, String otherCpuIn, boolean known) throws Exception {
        TestMachines machines = new TestMachines(kernel);
        try (Guest guest = machines.restore(folder)) {
            BpfObject bpf = stashCgroup(machines, guest);
            Symbols symbols = machines.facts().symbols().plus(bpf.symbols());
            guest.spawnChurn(1);
            interruptWorker(guest, bpf, symbols);
            try (GdbStub gdb = guest.vm().gdb()) {
                gdb.setBreakpoint(symbols.address(otherCpuIn).orElseThrow());
                gdb.resume();
                assertThat(gdb.awaitStop(Deadline.in(PATIENCE))).isEqualTo(1);
            }
            Evidence found = machines.ofStuckCpu(guest, symbols, SourceFrames.none(symbols), 0);
            System.out.println(EvidenceText.of(found));

            Details.Wait wait = ((Details.Waits) found.details()).waits().get(0);
            assertThat(wait.context()).isEqualTo("NMI");
            assertThat(found.cycle()).hasSize(known ? 2 : 0);
            assertThat(wait.owner().isPresent()).isEqualTo(known);
            if (known) {
                assertThat(wait.owner().orElseThrow().context()).isEqualTo("task");
                assertThat(wait.owner().orElseThrow().cpu()).hasValue(0);
                assertThat(wait.owner().orElseThrow().task().orElseThrow().comm())
                        .startsWith("kworker/0:");
            }
        }
    }

    /** Leaves a program with the last reference to a cgroup. */
    private BpfObject stashCgroup(TestMachines machines, Guest guest) throws Exception {
        List<Path> includes = List.of(machines.facts().headers(), Path.of("/usr/include/x86_64-linux-gnu"));
        byte[] object = BpfCompiler.find()
                .compile(Path.of("../../reproducers/kptr/nmi_cgroup_kptr.bpf.c"), includes, Duration.ofSeconds(60));
        BpfObject bpf = BpfObject.open(BpfObjectFile.read(Files.write(folder.resolve("object.bpf.o"), object)))
                .programs("on_mkdir", "is_last_reference", "on_nmi")
                .load(guest);
        BpfProgram.Link making = bpf.program("on_mkdir").attach();
        guest.makeDirectory(CGROUP);
        making.close();
        guest.remove(CGROUP);
        Deadline deadline = Deadline.in(PATIENCE);
        while (bpf.program("is_last_reference").run() != 1) {
            assertThat(deadline.expired()).isFalse();
            Poll.pause();
        }
        bpf.program("on_nmi").attach();
        return bpf;
    }

    /** process_one_work() is entered with the lock of the worker's pool held (kernel/workqueue.c). */
    private static void interruptWorker(Guest guest, BpfObject bpf, Symbols symbols) throws Exception {
        long work = symbols.address("process_one_work").orElseThrow();
        for (int nmis = 0; nmis < MOST_NMIS; nmis++) {
            try (GdbStub gdb = guest.vm().gdb()) {
                Deadline deadline = Deadline.in(PATIENCE);
                gdb.setBreakpoint(work);
                gdb.resume();
                while (gdb.awaitStop(deadline) != 0) {
                    // On another CPU: it goes on without the breakpoint, which would stop it at the same place.
                    gdb.clearBreakpoint(work);
                    gdb.resume();
                    gdb.interrupt();
                    gdb.setBreakpoint(work);
                    gdb.resume();
                }
                gdb.clearBreakpoint(work);
                guest.vm().injectNmi();
                gdb.detach();
            }
            if (staysSpinning(guest.vm(), symbols)) {
                return;
            }
        }
        throw new AssertionError("no NMI has interrupted a worker of CPU 0: "
                + bpf.global("aimed").get());
    }

    /**
     * Returns whether CPU 0 comes to wait for a lock, and does so for longer than its owner on another CPU would keep it; or idles, which
     * is after the NMI, however late the host lets it run.
     */
    private static boolean staysSpinning(VirtualMachine vm, Symbols symbols) throws Exception {
        long thread = vm.cpuThreads().get(0);
        Deadline deadline = Deadline.in(PATIENCE);
        long since = vm.ranNanos(thread).orElseThrow();
        long sp = 0;
        while (!deadline.expired()) {
            Registers registers = vm.registers().get(0);
            if (symbols.at(registers.rip())
                    .filter(symbol -> Arch.guest().functions().is(symbol.name(), Role.IDLE))
                    .isPresent()) {
                return false;
            }
            boolean spins = symbols.at(registers.rip())
                    .map(Symbol::name)
                    .flatMap(SpinLockKind::in)
                    .isPresent();
            long ran = vm.ranNanos(thread).orElseThrow();
            if (!spins || registers.get(Register.RSP) != sp) {
                sp = spins ? registers.get(Register.RSP) : 0;
                since = ran;
            } else if (ran - since > HANGS_NS) {
                return true;
            }
            Poll.pause();
        }
        return false;
    }
}
