// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfObjectSpec;
import io.ksplat.machine.AgentException;
import io.ksplat.machine.ConsoleLog;
import io.ksplat.machine.GuestControl;
import io.ksplat.machine.GuestProcess;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.Target;
import io.ksplat.machine.internal.agent.AgentBackend;
import io.ksplat.machine.internal.agent.AgentClient;
import io.ksplat.machine.internal.agent.AgentTrial;
import io.ksplat.machine.internal.agent.proto.BpfCalls;
import io.ksplat.machine.internal.agent.proto.Done;
import io.ksplat.machine.internal.agent.proto.Exec;
import io.ksplat.machine.internal.agent.proto.Exited;
import io.ksplat.machine.internal.agent.proto.MakeDirectory;
import io.ksplat.machine.internal.agent.proto.Request;
import io.ksplat.machine.internal.agent.proto.Spawn;
import io.ksplat.machine.internal.qemu.Console;
import io.ksplat.machine.internal.qemu.GuestMemory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** A target on which an agent runs: loads BPF, and handles files and processes, through it. */
public abstract class AgentTarget implements Target, GuestControl, Processes, BpfTrials {
    /** Of a command that does something small, and is waited for. */
    private static final Duration COMMAND = Duration.ofSeconds(20);

    private static final int EEXIST = 17;

    private static final AtomicInteger PROCESSES = new AtomicInteger();

    private final AgentClient agent;

    /** Makes a target whose agent was started. */
    protected AgentTarget(AgentClient agent) {
        this.agent = agent;
    }

    public AgentClient agent() {
        return agent;
    }

    /** Returns its memory by physical addresses, which outlives its kernel; empty if only the agent can read it. */
    public abstract Optional<GuestMemory> physical();

    /** Returns how long its CPUs have run, in nanoseconds of its host; the host's time if that cannot be told. */
    public abstract long ranNanos();

    /**
     * Marks in the console where the experiment begins.
     *
     * @param reader gets the console's bytes from there on
     * @return completes when the console shows the mark
     */
    protected final CompletableFuture<Void> mark(Console console, String token, ConsoleLog.Reader reader)
            throws IOException {
        CompletableFuture<Void> marked = console.readAfter(token, reader);
        mark(token);
        return marked;
    }

    /** Writes the mark of an experiment to the kernel's log. */
    protected final void mark(String token) throws IOException {
        agent.writeFile("/dev/kmsg", "ksplat: experiment " + token + "\n");
    }

    /** Starts a child of the agent that does nothing until it is ended. */
    @Override
    public GuestProcess spawnParked(int cpu) throws IOException {
        Spawn.Builder spawn = Spawn.newBuilder().setCpu(cpu).setParked(Done.getDefaultInstance());
        return spawn(spawn, beside("parked"), new ExpectedEnd.UntilTheEnd());
    }

    /** Starts a child that creates and unlinks files for ever: each round passes through call_rcu(). */
    @Override
    public GuestProcess spawnChurn(int cpu) throws IOException {
        Spawn.Builder spawn = Spawn.newBuilder().setCpu(cpu).setChurn(Done.getDefaultInstance());
        return spawn(spawn, beside("churn"), new ExpectedEnd.UntilTheEnd());
    }

    @Override
    public GuestProcess spawn(int cpu, String... argv) throws IOException {
        return spawn(cpu, beside(argv[0].substring(argv[0].lastIndexOf('/') + 1)), argv);
    }

    /** Starts a program that is in the guest. */
    @Override
    public GuestProcess spawn(int cpu, Path output, String... argv) throws IOException {
        return spawn(
                Spawn.newBuilder().setCpu(cpu).setExec(Exec.newBuilder().addAllArgv(Arrays.asList(argv))),
                output,
                new ExpectedEnd.Exit(0));
    }

    @Override
    public GuestProcess start(Command command, Path output) throws IOException {
        return spawn(Spawn.newBuilder().setExec(exec(command)), output, new ExpectedEnd.Exit(0));
    }

    @Override
    public void run(Command command) throws IOException {
        Exited done = agent().call(Request.newBuilder().setExec(exec(command)), scale(COMMAND))
                .getExited();
        if (done.getStatus() != 0) {
            throw new MachineException(String.join(" ", command.argv()) + " failed in the machine: "
                    + new WaitStatus(done.getStatus()) + ": "
                    + done.getErr().toStringUtf8().strip());
        }
    }

    private static Exec.Builder exec(Command command) {
        Exec.Builder exec = Exec.newBuilder()
                .addAllArgv(command.argv())
                .addAllEnv(command.environment())
                .setRoot(command.root().orElse(""))
                .setDirectory(command.folder());
        command.user().ifPresent(user -> exec.setUser(user.id()).setGroup(user.group()));
        return exec;
    }

    @Override
    public void makeDirectory(String path, int mode) throws IOException {
        try {
            agent().call(Request.newBuilder()
                    .setMakeDirectory(MakeDirectory.newBuilder().setPath(path).setMode(mode)));
        } catch (AgentException e) {
            if (e.errno() != EEXIST) {
                throw e;
            }
        }
    }

    private Path beside(String name) {
        return console().file().resolveSibling(name);
    }

    private GuestProcess spawn(Spawn.Builder spawn, Path output, ExpectedEnd expected) throws IOException {
        // Not only of this machine: it may be restored from one whose processes live on in it.
        ProcessWatch watch = new ProcessWatch(PROCESSES.incrementAndGet(), output, expected);
        agent().listen(watch.name(), watch);
        Request.Builder request = Request.newBuilder().setSpawn(spawn.setName(watch.name()));
        return new GuestProcess(agent, agent().call(request).getProcess().getPid(), watch);
    }

    @Override
    public BpfObject load(BpfObjectSpec spec) throws IOException {
        return new BpfObject(spec.file(), AgentBackend.load(this, spec.file(), spec.plan()));
    }

    @Override
    public BpfTrials.Result attempt(BpfTrials.Trial trial, CompletableFuture<?> dying) throws IOException {
        return AgentTrial.of(this, trial, dying);
    }

    @Override
    public List<String> ask(int function, List<Long> calls) throws IOException {
        return agent().call(Request.newBuilder()
                        .setBpfCalls(BpfCalls.newBuilder().setFunction(function).addAllCalls(calls)))
                .getCallAnswers()
                .getAnswersList();
    }

    @Override
    public GuestControl control() {
        return this;
    }

    @Override
    public byte[] readFile(String path) throws IOException {
        return agent().readFile(path);
    }

    @Override
    public void writeFile(String path, String text) throws IOException {
        agent().writeFile(path, text);
    }

    @Override
    public void writeProgram(String path, byte[] program) throws IOException {
        agent().writeProgram(path, program);
    }

    @Override
    public void makeDirectory(String path) throws IOException {
        agent().makeDirectory(path);
    }

    @Override
    public void remove(String path) throws IOException {
        agent().remove(path);
    }
}
