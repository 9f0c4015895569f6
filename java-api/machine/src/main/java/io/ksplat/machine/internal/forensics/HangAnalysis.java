// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics;

import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.internal.sleep.SeenTask;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.OutsideView;
import io.ksplat.machine.internal.OutsideView.SleepFindings;
import io.ksplat.machine.internal.OutsideView.Sleepers;
import io.ksplat.machine.internal.Poll;
import io.ksplat.machine.internal.arch.OrcTable;
import io.ksplat.machine.internal.forensics.hang.Awaited;
import io.ksplat.machine.internal.forensics.hang.Diagnosis;
import io.ksplat.machine.internal.forensics.hang.Suspicion;
import io.ksplat.machine.internal.forensics.locks.LockGraph;
import io.ksplat.machine.internal.forensics.locks.SpinLockKind;
import io.ksplat.machine.internal.forensics.memory.JitedCode;
import io.ksplat.machine.internal.forensics.memory.KernelData;
import io.ksplat.machine.internal.forensics.memory.KernelLog;
import io.ksplat.machine.internal.forensics.memory.SymbolNames;
import io.ksplat.machine.internal.forensics.memory.VmCore;
import io.ksplat.machine.internal.forensics.sleep.KernelMemory;
import io.ksplat.machine.internal.forensics.sleep.SleepAnalysis;
import io.ksplat.machine.internal.forensics.sleep.TaskTable;
import io.ksplat.machine.internal.forensics.unwind.ContextStack;
import io.ksplat.machine.internal.forensics.unwind.SourceFrames;
import io.ksplat.machine.internal.forensics.unwind.StackWalk;
import io.ksplat.machine.internal.forensics.unwind.Unwinder;
import io.ksplat.machine.internal.qemu.GdbStub;
import io.ksplat.machine.internal.qemu.GuestMemory;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Reads the stacks, locks and tasks of a machine. It stays stopped afterwards, unless the method says otherwise. */
public final class HangAnalysis implements OutsideView.Analysis {
    /** How often to stop the machine again because a CPU that spins with interrupts enabled was in an interrupt. */
    private static final int MOST_STOPS = 20;

    /** How long to wait for a starved vCPU to leave the interrupt in which it was. */
    private static final Duration LONGEST_RUN = Duration.ofMillis(200);

    /** How often to stop a busy machine, to tell the functions in which it is from those that they call. */
    private static final int BUSY_STOPS = 5;

    /** The time within which the console's output of a stopped machine arrives. */
    private static final Duration SILENCE = Duration.ofMillis(20);

    private final VirtualMachine vm;
    private final KernelInfo kernel;
    private final Symbols symbols;
    private final SourceFrames sources;
    private final Cache cache;

    public HangAnalysis(VirtualMachine vm, KernelInfo kernel, Symbols symbols, SourceFrames sources, Cache cache) {
        this.vm = vm;
        this.kernel = kernel;
        this.symbols = symbols;
        this.sources = sources;
        this.cache = cache;
    }

    /**
     * What a machine's memory shows.
     *
     * @param evidence of the hang
     * @param unprinted the lines of the kernel's log that did not reach its console, in the console's format
     */
    public record Findings(Evidence evidence, List<String> unprinted) {
        public Findings {
            unprinted = List.copyOf(unprinted);
        }
    }

    @Override
    public List<String> unprinted() throws IOException {
        try (GdbStub gdb = vm.gdb()) {
            return unprinted(data(gdb, 0));
        }
    }

    /** Writes the machine's memory as an ELF core file for gdb, drgn and crash, which also need the kernel's vmlinux with DWARF. */
    public void dump(Path file) throws IOException {
        Path qemus = vm.folder().resolve("core");
        try {
            vm.dump(qemus);
            try (GdbStub gdb = vm.gdb()) {
                KernelData data = data(gdb, 0);
                VmCore.write(qemus, file, VmCore.Layout.of(data), VmCore.info(data, kernel.release()));
            }
        } finally {
            Files.deleteIfExists(qemus);
        }
    }

    private List<String> unprinted(KernelData data) throws IOException {
        vm.console().awaitQuiet(SILENCE);
        return KernelLog.undelivered(
                KernelLog.read(data), Files.readAllBytes(vm.console().file()));
    }

    /** Returns what a machine shows whose CPUs are known to be stuck. */
    public Findings of(Diagnosis diagnosis) throws IOException, InterruptedException {
        try (GdbStub gdb = vm.gdb()) {
            return read(gdb, spinning(gdb, diagnosis), diagnosis).findings();
        }
    }

    @Override
    public Map<Integer, Awaited> waits(Diagnosis diagnosis) throws IOException, InterruptedException {
        try (GdbStub gdb = vm.gdb()) {
            Map<Integer, Awaited> found = look(gdb, diagnosis).waits;
            gdb.detach();
            return found;
        }
    }

    @Override
    public Optional<Findings> proof(Diagnosis diagnosis, Suspicion suspicion) throws IOException, InterruptedException {
        try (GdbStub gdb = vm.gdb()) {
            Look look = look(gdb, diagnosis);
            if (!look.waits.isEmpty()) {
                Read read = read(gdb, look.cpus, diagnosis);
                if (suspicion.isProven(diagnosis, look.waits, read.certainCycle())) {
                    return Optional.of(read.findings());
                }
            }
            suspicion.looked(diagnosis, look.waits);
            gdb.detach();
            return Optional.empty();
        }
    }

    @Override
    public Findings busy(Diagnosis diagnosis) throws IOException, InterruptedException {
        try (GdbStub gdb = vm.gdb()) {
            Set<Integer> waiting = look(gdb, diagnosis).waits.keySet();
            // Who waits has been silent for as long as the one that it waits for.
            int cpu = diagnosis.lives().stream()
                    .max(Comparator.comparing((Diagnosis.Life life) -> !waiting.contains(life.cpu()))
                            .thenComparingLong(Diagnosis.Life::silentNs))
                    .map(Diagnosis.Life::cpu)
                    .orElse(0);
            Unwinder unwinder = unwinder(gdb, data(gdb, cpu));
            List<String> common = List.of();
            List<ContextStack> contexts = List.of();
            for (int stops = 0; stops < BUSY_STOPS; stops++) {
                contexts = contexts(gdb, unwinder, vm.registers());
                List<String> names = contexts.stream()
                        .filter(context -> context.cpu() == cpu)
                        .findFirst()
                        .map(HangAnalysis::names)
                        .orElse(List.of());
                common = stops == 0 ? names : commonCallers(common, names);
                if (stops < BUSY_STOPS - 1) {
                    gdb.resume();
                    Poll.pause();
                    gdb.interrupt();
                }
            }
            String function = common.stream()
                    .filter(name -> name.startsWith("bpf:"))
                    .findFirst()
                    .or(common.stream()::findFirst)
                    .orElse("an unknown function");
            List<ContextStack> sorted = new ArrayList<>(contexts);
            sorted.sort(Comparator.comparing(context -> context.cpu() != cpu));
            return new Findings(
                    Evidence.builder(
                                    EvidenceKind.CPU_BUSY,
                                    "CPU " + cpu
                                            + (waiting.contains(cpu)
                                                    ? " waits in " + function + " for what may still come"
                                                    : " is busy in " + function + " and waits for no lock"),
                                    "cpu-busy:" + function)
                            .function(function)
                            .cpu(cpu)
                            .stacks(sources.stacks(sorted))
                            .build(),
                    unprinted(data(gdb, cpu)));
        }
    }

    private static List<String> names(ContextStack context) {
        return context.steps().stream()
                .map(step -> SymbolNames.base(step.frame()))
                .toList();
    }

    /** Returns the functions, innermost first, that two stacks have at their outer ends: those that did not return in between. */
    private static List<String> commonCallers(List<String> one, List<String> other) {
        int common = 0;
        while (common < Math.min(one.size(), other.size())
                && one.get(one.size() - 1 - common).equals(other.get(other.size() - 1 - common))) {
            common++;
        }
        return one.subList(one.size() - common, one.size());
    }

    /** What the CPUs wait for, and their registers as they are. */
    private record Look(Map<Integer, Awaited> waits, List<Registers> cpus) {}

    private Look look(GdbStub gdb, Diagnosis diagnosis) throws IOException, InterruptedException {
        Waits waits = new Waits(vm, symbols, gdb, () -> data(gdb, 0));
        Map<Integer, Awaited> found = new HashMap<>();
        List<Registers> cpus = spinning(gdb, diagnosis);
        for (Registers registers : cpus) {
            waits.known(registers).ifPresent(awaited -> found.put(registers.cpu(), awaited));
        }
        boolean polled = false;
        for (Diagnosis.Stuck stuck : diagnosis.causes()) {
            if (!found.containsKey(stuck.cpu())) {
                waits.polled(stuck.cpu()).ifPresent(awaited -> found.put(stuck.cpu(), awaited));
                polled = true;
            }
        }
        return new Look(found, polled ? spinning(gdb, diagnosis) : cpus);
    }

    private List<ContextStack> contexts(GdbStub gdb, Unwinder unwinder, List<Registers> cpus) throws IOException {
        List<ContextStack> contexts = new ArrayList<>();
        for (Registers registers : cpus) {
            GuestMemory memory = (address, length) -> gdb.read(registers.cpu(), address, length);
            contexts.addAll(unwinder.contexts(registers, memory));
        }
        return contexts;
    }

    private Read read(GdbStub gdb, List<Registers> cpus, Diagnosis diagnosis) throws IOException, InterruptedException {
        List<Integer> stuck =
                diagnosis.causes().stream().map(Diagnosis.Stuck::cpu).toList();
        KernelData data = data(gdb, stuck.isEmpty() ? 0 : stuck.get(0));
        List<ContextStack> contexts = contexts(gdb, unwinder(gdb, data), cpus);
        return new Read(stuck, contexts, lockGraph(gdb, cpus, contexts, data), data);
    }

    /** The stacks and locks of a stopped machine. */
    private final class Read {
        private final List<Integer> stuck;
        private final List<ContextStack> contexts;
        private final LockGraph graph;
        private final KernelData data;

        Read(List<Integer> stuck, List<ContextStack> contexts, LockGraph graph, KernelData data) {
            this.stuck = stuck;
            this.contexts = contexts;
            this.graph = graph;
            this.data = data;
        }

        /** An owner that is only inferred may be another CPU's, which is busy and will release the lock. */
        List<Integer> certainCycle() {
            return graph.cycle().stream().anyMatch(CycleNode::inferred) ? List.of() : graph.cpusOfCycle();
        }

        Findings findings() throws IOException, InterruptedException {
            List<String> unprinted = unprinted(data);
            // A CPU that only waits for one of the cycle may have been detected first.
            List<Integer> causes = graph.cpusOfCycle().isEmpty() ? stuck : graph.cpusOfCycle();
            contexts.sort(Comparator.comparing(context -> !causes.contains(context.cpu())));
            List<Stack> stacks = contexts.stream().map(ContextStack::stack).toList();
            Evidence evidence = Evidence.builder(EvidenceKind.CPU_STUCK, title(causes, stacks), signature(stacks))
                    .function(taker(stacks.get(0)))
                    .cpu(causes.get(0))
                    .locks(graph.locks())
                    .cycle(graph.cycle())
                    .stacks(sources.stacks(contexts))
                    .details(graph.details())
                    .build();
            return new Findings(evidence, unprinted);
        }
    }

    @Override
    public List<SeenTask> tasks() throws IOException {
        try (GdbStub gdb = vm.gdb()) {
            KernelMemory memory = KernelMemory.of(gdb, symbols, vm.config().cpus());
            List<SeenTask> tasks = TaskTable.read(memory, symbols, kernel.btf()).tasks();
            gdb.detach();
            return tasks;
        }
    }

    @Override
    public SleepFindings ofSleepers(Sleepers sleepers) throws IOException, InterruptedException {
        try (GdbStub gdb = vm.gdb()) {
            return sleep(gdb, Set.of()).of(sleepers);
        }
    }

    @Override
    public List<Evidence> behind(Diagnosis diagnosis) throws IOException, InterruptedException {
        Set<Integer> stuck =
                diagnosis.causes().stream().map(Diagnosis.Stuck::cpu).collect(Collectors.toSet());
        try (GdbStub gdb = vm.gdb()) {
            return sleep(gdb, stuck).behindStuckCpus();
        }
    }

    private SleepAnalysis sleep(GdbStub gdb, Set<Integer> stuck) throws IOException, InterruptedException {
        KernelMemory memory = KernelMemory.of(gdb, symbols, vm.config().cpus());
        KernelData data =
                new KernelData(symbols, kernel.btf(), memory, vm.config().cpus());
        return new SleepAnalysis(
                data,
                new Unwinder(JitedCode.named(data), table(memory)),
                memory,
                sources,
                TaskTable.read(memory, symbols, kernel.btf()),
                stuck);
    }

    /** Reads the registers while no CPU that spins with interrupts enabled is in an interrupt, which would hide the lock. */
    private List<Registers> spinning(GdbStub gdb, Diagnosis diagnosis) throws IOException {
        List<Registers> cpus = vm.registers();
        if (allSpin(diagnosis, cpus)) {
            return cpus;
        }
        List<Long> all = vm.cpuThreads();
        List<Long> threads =
                diagnosis.causes().stream().map(stuck -> all.get(stuck.cpu())).toList();
        for (int tries = 0; tries < MOST_STOPS && !allSpin(diagnosis, cpus); tries++) {
            List<Long> before = ranNanos(threads);
            gdb.resume();
            Deadline deadline = Deadline.in(LONGEST_RUN);
            while (before.equals(ranNanos(threads)) && !deadline.expired()) {
                Poll.pause();
            }
            gdb.interrupt();
            cpus = vm.registers();
        }
        return cpus;
    }

    private List<Long> ranNanos(List<Long> threads) throws IOException {
        List<Long> ran = new ArrayList<>();
        for (long thread : threads) {
            ran.add(vm.ranNanos(thread).orElse(0));
        }
        return ran;
    }

    private boolean allSpin(Diagnosis diagnosis, List<Registers> cpus) {
        return diagnosis.causes().stream()
                .filter(stuck -> stuck.functions().stream()
                        .anyMatch(name -> SpinLockKind.in(name).isPresent()))
                .allMatch(stuck -> cpus.stream()
                        .filter(registers -> registers.cpu() == stuck.cpu())
                        .allMatch(registers -> symbols.at(registers.rip())
                                .map(Symbol::name)
                                .flatMap(SpinLockKind::in)
                                .isPresent()));
    }

    private KernelData data(GdbStub gdb, int reader) {
        return new KernelData(
                symbols,
                kernel.btf(),
                (address, length) -> gdb.read(reader, address, length),
                vm.config().cpus());
    }

    private LockGraph lockGraph(GdbStub gdb, List<Registers> cpus, List<ContextStack> contexts, KernelData data)
            throws InterruptedException {
        Waits waits = new Waits(vm, symbols, gdb, () -> data);
        List<LockGraph.Waiting> waiting = new ArrayList<>();
        for (Registers registers : cpus) {
            waiting(waits, registers, contexts).ifPresent(waiting::add);
        }
        return new LockGraph(data, contexts, waiting);
    }

    private static Optional<LockGraph.Waiting> waiting(Waits waits, Registers registers, List<ContextStack> contexts)
            throws InterruptedException {
        Optional<ContextStack> stack =
                contexts.stream().filter(one -> one.cpu() == registers.cpu()).findFirst();
        if (stack.isEmpty()) {
            return Optional.empty();
        }
        int taker = 0;
        List<StackWalk.Step> steps = stack.get().steps();
        while (taker < steps.size() - 1
                && isBelowTaker(SymbolNames.base(steps.get(taker).frame()))) {
            taker++;
        }
        int wanted = taker;
        return waits.polledLock(registers).map(lock -> new LockGraph.Waiting(stack.get(), lock, wanted));
    }

    private Unwinder unwinder(GdbStub gdb, KernelData data) throws IOException, InterruptedException {
        return new Unwinder(JitedCode.named(data), table((address, length) -> gdb.read(0, address, length)));
    }

    private OrcTable table(GuestMemory memory) throws IOException, InterruptedException {
        return OrcTable.load(cache.<IOException>entry(
                        "orc", kernel.kernel().key() + "-" + Integer.toHexString(OrcTable.FORMAT), fresh -> {
                            OrcTable table = kernel.kernel().vmlinux().isPresent()
                                    ? OrcTable.ofVmlinux(
                                            kernel.kernel().vmlinux().get())
                                    : OrcTable.read(memory, symbols);
                            table.store(fresh.resolve("table"));
                        })
                .resolve("table"));
    }

    private static String title(List<Integer> stuck, List<Stack> stacks) {
        String cpus = stuck.stream().map(String::valueOf).collect(Collectors.joining(", "));
        Stack first = stacks.get(0);
        return "CPU " + cpus + " stuck in " + SymbolNames.base(first.frames().get(0)) + ", taken in " + taker(first)
                + " ("
                + first.context() + ")"
                + (stacks.size() > 1 && stacks.get(1).cpu().equals(first.cpu())
                        ? " on top of "
                                + SymbolNames.base(stacks.get(1).frames().get(0)) + " ("
                                + stacks.get(1).context() + ")"
                        : "");
    }

    /** Joins the kind, the function that spins, and its callers; without addresses, CPUs and program tags. */
    private static String signature(List<Stack> stacks) {
        return "cpu-stuck:" + stacks.get(0).context() + ":" + functions(stacks.get(0).frames().stream());
    }

    private static String functions(Stream<Frame> frames) {
        return frames.filter(Frame::certain).map(SymbolNames::base).limit(8).collect(Collectors.joining("<"));
    }

    /** Returns the first function that is not part of the lock's implementation. */
    private static String taker(Stack stack) {
        return stack.frames().stream()
                .map(SymbolNames::base)
                .filter(function -> !isBelowTaker(function))
                .findFirst()
                .orElse("an unknown function");
    }

    /** A program that is attached to a lock's slow path has a trampoline between the slow path and who takes the lock. */
    private static boolean isBelowTaker(String function) {
        return SpinLockKind.isLocking(function) || SymbolNames.isTrampoline(function);
    }
}
