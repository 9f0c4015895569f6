// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.ConsoleLog;
import io.ksplat.machine.GuestKernel;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.Nmi;
import io.ksplat.machine.NmiMode;
import io.ksplat.machine.internal.agent.AgentClient;
import io.ksplat.machine.internal.agent.proto.Hello;
import io.ksplat.machine.internal.nmi.NmiInterceptor;
import io.ksplat.machine.internal.qemu.GuestMemory;
import io.ksplat.machine.internal.qemu.HostTools;
import io.ksplat.machine.internal.qemu.MachineConfig;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import io.ksplat.machine.internal.snapshot.Snapshot;
import io.ksplat.machine.internal.snapshot.Template;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** A booted machine: QEMU outside, the agent inside. */
public final class Guest extends AgentTarget implements NmiInjection, Snapshots {
    private static final Duration BOOT = Duration.ofSeconds(12);
    private static final Duration REQUEST = Duration.ofSeconds(4);

    private static final Duration SETTLE = Duration.ofSeconds(5);
    private static final Duration QUIET = Duration.ofMillis(200);
    private static final Duration LOAD_OVER = Duration.ofMillis(100);
    /** Of one host CPU. The hearts alone take less. */
    private static final double IDLE_LOAD = 0.3;

    private final VirtualMachine vm;
    private final Hello hello;
    private final Heartbeats heartbeats;

    private Guest(VirtualMachine vm, AgentClient agent, Hello hello, Heartbeats heartbeats) {
        super(agent);
        this.vm = vm;
        this.hello = hello;
        this.heartbeats = heartbeats;
    }

    /**
     * Boots a machine and waits for its agent.
     *
     * @throws BootException if the kernel does not come up; a kernel under TCG may do so on the next try
     * @throws MachineException if QEMU does not start
     */
    public static Guest boot(MachineConfig config, HostTools programs, Path consoleLog) throws IOException {
        return booted(VirtualMachine.start(config, programs, consoleLog));
    }

    /** As {@link #boot}, with the guest's memory in the file {@code ram}: such a guest can become a {@link Template}. */
    static Guest bootIn(Path ram, MachineConfig config, HostTools programs, Path consoleLog) throws IOException {
        return booted(VirtualMachine.startIn(ram, config, programs, consoleLog));
    }

    private static Guest booted(VirtualMachine vm) throws IOException {
        Accelerator accelerator = vm.config().accelerator();
        AgentClient agent = new AgentClient(vm.agentChannel(), accelerator.scale(REQUEST), vm::starvedNanos);
        try {
            Hello hello = awaitHello(vm, agent, accelerator);
            checkNodes(vm.config(), hello);
            return new Guest(vm, agent, hello, new Heartbeats(vm, hello.getBeatPage(), hello.getCpus()));
        } catch (IOException | RuntimeException e) {
            agent.close();
            vm.close();
            throw e;
        }
    }

    /** A kernel that does not like its description goes on with one node, and says so in a line of its log. */
    private static void checkNodes(MachineConfig config, Hello hello) throws MachineException {
        if (config.nodes() > 1 && hello.getNodes() != config.nodes()) {
            throw new MachineException("the machine was to have " + config.nodes() + " NUMA nodes, and "
                    + hello.getRelease() + " has " + hello.getNodes()
                    + " of them online: what its console says of SRAT tells why");
        }
    }

    /**
     * A machine that was restored and woken.
     *
     * @param hello what its agent said before it was frozen
     * @throws MachineException if the agent does not answer
     */
    public static Guest restored(VirtualMachine vm, Hello hello) throws IOException {
        AgentClient agent =
                new AgentClient(vm.agentChannel(), vm.config().accelerator().scale(REQUEST), vm::starvedNanos);
        try {
            agent.proveAlive();
            return new Guest(vm, agent, hello, new Heartbeats(vm, hello.getBeatPage(), hello.getCpus()));
        } catch (IOException | RuntimeException e) {
            agent.close();
            vm.close();
            throw e;
        }
    }

    private static Hello awaitHello(VirtualMachine vm, AgentClient agent, Accelerator accelerator) throws IOException {
        Patience patience = Patience.of(accelerator.scale(BOOT), vm::starvedNanos);
        try {
            patience.await(CompletableFuture.anyOf(agent.hello(), vm.exit()));
            if (agent.hello().isDone()) {
                return agent.hello().get();
            }
            throw new BootException(
                    "QEMU ended before the agent was up: " + vm.exitMessage(),
                    vm.console().file());
        } catch (TimeoutException e) {
            throw new BootException("no agent within " + patience, vm.console().file());
        } catch (ExecutionException e) {
            throw new BootException(
                    "the agent's channel ended: " + e.getMessage(), vm.console().file());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while booting", e);
        }
    }

    /** Waits until the boot has nothing more to do or to say: the console is quiet, the CPUs are idle and their hearts beat. */
    public void settle() throws IOException {
        Patience patience = patience(SETTLE);
        while (System.nanoTime() - vm.console().lastByteNanos() < QUIET.toNanos()
                || vm.cpuLoad(LOAD_OVER) > IDLE_LOAD) {
            if (patience.expired()) {
                throw new MachineException.Late("the machine did not come to rest within " + patience + " of its boot");
            }
            Poll.pause();
        }
        awaitBeats();
    }

    /** Waits until every CPU's heart has beaten ten times more. */
    public void awaitBeats() throws IOException {
        if (!everyCpuBeats(10, scale(REQUEST))) {
            throw new MachineException.Late("not every CPU's heart beats");
        }
    }

    private Patience patience(Duration time) {
        return Patience.of(scale(time), vm::starvedNanos);
    }

    /** What the agent says of its machine now. */
    public Hello sayHello() throws IOException {
        return agent().sayHello();
    }

    public VirtualMachine vm() {
        return vm;
    }

    @Override
    public Optional<GuestMemory> physical() {
        return Optional.of(vm::readPhysical);
    }

    public Hello hello() {
        return hello;
    }

    /** The kernel that runs, as the agent described it when it was ready. */
    @Override
    public GuestKernel kernel() {
        return GuestKernel.of(hello);
    }

    public Heartbeats heartbeats() {
        return heartbeats;
    }

    /**
     * Takes back what the boot line said about oopses (see {@code QemuCommandLine}), and marks in the console where the experiment
     * begins.
     *
     * @param reader gets the console's bytes from there on
     */
    @Override
    public void beginExperiment(String token, ConsoleLog.Reader reader) throws IOException {
        agent().writeFile("/proc/sys/kernel/panic_on_oops", "0");
        agent().writeFile("/proc/sys/kernel/panic", "0");
        await(mark(vm.console(), token, reader), "the mark on its console");
    }

    /**
     * The same for a machine that was restored from a template of one whose experiment had begun.
     *
     * @param reader gets all that the console said since it was restored
     */
    @Override
    public void resumeExperiment(ConsoleLog.Reader reader) {
        vm.console().readAll(reader);
    }

    @Override
    public ProcessWatch restored(ProcessWatch before, Path output) {
        ProcessWatch watch = before.in(output);
        agent().listen(watch.name(), watch);
        return watch;
    }

    /**
     * Waits until every CPU's heart has beaten so many times more.
     *
     * @return false if one did not within a time that the machine could run
     */
    public boolean everyCpuBeats(int times, Duration within) throws IOException {
        Patience patience = Patience.of(within, vm::starvedNanos);
        long[] before = heartbeats.read();
        while (true) {
            long[] now = heartbeats.read();
            boolean all = true;
            for (int cpu = 0; cpu < now.length; cpu++) {
                all &= now[cpu] - before[cpu] >= times;
            }
            if (all || patience.expired()) {
                return all;
            }
            Poll.pause();
        }
    }

    private void await(CompletableFuture<Void> future, String what) throws IOException {
        Patience patience = patience(REQUEST);
        try {
            patience.await(future);
        } catch (TimeoutException e) {
            throw new MachineException.Late("the guest did not show " + what + " within " + patience);
        } catch (ExecutionException e) {
            throw new MachineException("waiting for " + what + " failed: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while waiting for " + what, e);
        }
    }

    @Override
    public void close() throws IOException {
        try {
            agent().close();
        } finally {
            vm.close();
        }
    }

    @Override
    public ConsoleLog console() {
        return vm.console();
    }

    @Override
    public Duration scale(Duration time) {
        return vm.config().accelerator().scale(time);
    }

    @Override
    public long starvedNanos() {
        return vm.starvedNanos();
    }

    @Override
    public long ranNanos() {
        return vm.ranNanos();
    }

    @Override
    public <C extends Capability> Optional<C> find(Class<C> capability) {
        return Stream.of(this, new QemuOutsideView(this))
                .filter(capability::isInstance)
                .map(capability::cast)
                .findFirst();
    }

    @Override
    public Nmi nmi(
            KernelInfo known,
            Symbols symbols,
            NmiMode mode,
            BooleanSupplier evidence,
            Optional<NmiInterceptor> interceptor) {
        return new Nmi(this, known, symbols, mode, evidence, interceptor);
    }

    @Override
    public void freezeStanding(Path folder) throws IOException {
        Template.freezeStanding(this, folder);
    }

    @Override
    public Snapshot freeze() throws IOException {
        return Snapshot.of(this);
    }
}
