// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfObjectSpec;
import io.ksplat.engine.internal.Fixture;
import io.ksplat.machine.GuestControl;
import io.ksplat.machine.GuestProcess;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.Nmi;
import io.ksplat.machine.Target;
import io.ksplat.machine.internal.Patience;
import io.ksplat.machine.internal.Poll;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The machine of one run, as its code sees it.
 *
 * <pre>{@code
 * GuestProcess child = machine.spawnParked(1);
 * bpf.global("target_pid").set(child.pid());
 * bpf.program("stash_task").run();
 * child.exitAndReap();
 * machine.await("the map holds the last reference", () -> bpf.program("references").run() == 1);
 * machine.churn(0);
 * machine.nmi().aimAt("rcu_cblist_enqueue").on(0).fire();
 * Burst burst = machine.nmi().storm().perSecond(200).forTime(Duration.ofSeconds(1));
 * }</pre>
 */
public final class Machine {
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final Duration SOON = Duration.ofMillis(300);

    private final Fixture fixture;
    private final Controls controls;
    private final ProgramReports reports;

    /** Makes the machine of a run; only the engine calls this. */
    public Machine(Fixture fixture) {
        this.fixture = fixture;
        this.controls = new Controls(fixture.controls());
        this.reports = new ProgramReports(fixture.reports());
    }

    /**
     * Returns what the run has set up; only the engine's own scenarios call this.
     *
     * @hidden
     */
    @SuppressWarnings("InvalidBlockTag") // Error Prone does not know it; Javadoc has had it since 9.
    public Fixture fixture() {
        return fixture;
    }

    /**
     * Returns the object of the scenario's own BPF C file.
     *
     * @throws IllegalStateException if it names none
     */
    public BpfObject bpf() {
        return fixture.bpf();
    }

    /** Returns whether {@link #part} has something of a type. */
    public static boolean hasPart(Class<?> type) {
        return type == Machine.class || type == BpfObject.class || type == Nmi.class || type == Controls.class;
    }

    /** Returns this machine, or the part of it that has a type: its object, its NMIs, its controls. */
    public Object part(Class<?> type) {
        if (type == BpfObject.class) {
            return bpf();
        }
        if (type == Nmi.class) {
            return nmi();
        }
        return type == Controls.class ? controls : this;
    }

    /**
     * Loads another BPF C file that lies beside the scenario's own: a tracer that is not the program under test. In the test method, the
     * first call for what a {@code @BeforeSnapshot} method has loaded returns that.
     */
    public BpfObject load(String source) throws IOException {
        return load(source, Fixture.AS_IT_IS);
    }

    /**
     * The same, with what is to be set before: constants and first values, sizes of maps, which programs.
     *
     * <pre>{@code
     * BpfObject tracer = machine.load("tracer.bpf.c", opened -> opened.set("target_pid", child.pid()));
     * }</pre>
     *
     * @throws IllegalStateException if the call returns what a {@code @BeforeSnapshot} method has loaded: nothing can be set in that any more
     */
    public BpfObject load(String source, UnaryOperator<BpfObjectSpec> settings) throws IOException {
        return fixture.load(source, settings);
    }

    /** Unloads an object, so that its maps go. Controls keep what its counters said last. */
    public void unload(BpfObject object) throws IOException {
        fixture.controls().keep(object);
        object.close();
    }

    /** Returns what programs report of themselves. */
    public ProgramReports programReports() {
        return reports;
    }

    /** Makes a directory, for example a control group. */
    public void makeDirectory(String path) throws IOException {
        control().makeDirectory(path);
    }

    /** Removes a file or an empty directory. */
    public void remove(String path) throws IOException {
        control().remove(path);
    }

    public int cpus() {
        return fixture.target().kernel().cpus();
    }

    /** The kernel's release, as {@code uname -r} prints it. */
    public String release() {
        return fixture.target().kernel().release();
    }

    /** The version of the upstream sources of the kernel: 6.1.192, where {@code uname -r} prints 6.1.0-56. */
    public String version() throws IOException {
        return fixture.kernel().kernel().version();
    }

    /** A process on CPU 0 that does nothing until it is ended. */
    public GuestProcess spawnParked() throws IOException {
        return spawnParked(0);
    }

    /** A process on a CPU that does nothing until it is ended. */
    public GuestProcess spawnParked(int cpu) throws IOException {
        return fixture.worker("parked", control().spawnParked(cpu));
    }

    /** A process on a CPU that creates and unlinks files for ever, so that call_rcu() runs there often. */
    public GuestProcess churn(int cpu) throws IOException {
        return fixture.worker("churn", control().spawnChurn(cpu));
    }

    /**
     * A static program of this host's, put into the machine and started on a CPU. That it exits with status 0 is the control
     * {@code exit:NAME}, unless the process is told otherwise. What it prints is in the run's folder, in {@code NAME.stdout} and
     * {@code NAME.stderr}.
     */
    public GuestProcess spawn(int cpu, Path program, String... arguments) throws IOException {
        // A program that runs cannot be written over.
        String path = "/" + fixture.exits().count() + "-" + program.getFileName();
        List<String> command = new ArrayList<>(List.of(path));
        command.addAll(List.of(arguments));
        return fixture.program(program.getFileName().toString(), output -> {
            control().writeProgram(path, Files.readAllBytes(program));
            return control().spawn(cpu, output, command.toArray(String[]::new));
        });
    }

    private GuestControl control() {
        return fixture.target().control();
    }

    /** Returns its NMIs. */
    public Nmi nmi() {
        return fixture.nmi();
    }

    public Controls controls() {
        return controls;
    }

    /**
     * Has the machine watched for at least so much of the guest's own time after the test method, before it can be CLEAN. Without this, a
     * machine is watched until its controls pass and no {@code bpf_timer} is armed that is due within 10 s of the guest's time.
     *
     * <pre>{@code
     * machine.watch(Duration.ofSeconds(30));
     * }</pre>
     */
    public void watch(Duration guestTime) {
        fixture.watchFor(guestTime);
    }

    public byte[] readFile(String path) throws IOException {
        return control().readFile(path);
    }

    public void writeFile(String path, String text) throws IOException {
        control().writeFile(path, text);
    }

    /** Something that becomes true. */
    @FunctionalInterface
    public interface Condition {
        boolean holds() throws IOException;
    }

    /**
     * Waits until a condition holds.
     *
     * @param what for the message: "the child's task is gone but for one reference"
     * @throws MachineException.Late if it does not in time
     */
    public void await(String what, Condition condition) throws IOException {
        Patience patience = patience(PATIENCE);
        while (!condition.holds()) {
            if (patience.expired()) {
                throw new MachineException.Late("waited " + patience + " in vain until " + what);
            }
            Poll.pause();
        }
    }

    /**
     * Waits a little for what takes microseconds in a machine that lives.
     *
     * @return false if it does not come true: what that means is found out after the test method
     */
    public boolean soon(Condition condition) throws IOException {
        return within(SOON, condition);
    }

    /**
     * Waits as long as {@link #await}, for what takes a grace period say.
     *
     * @return false if it does not come true: what that means is found out after the test method
     */
    public boolean eventually(Condition condition) throws IOException {
        return within(PATIENCE, condition);
    }

    private Patience patience(Duration time) {
        Target target = fixture.target();
        return Patience.of(target.scale(time), target::starvedNanos);
    }

    private boolean within(Duration time, Condition condition) throws IOException {
        Patience patience = patience(time);
        while (!condition.holds()) {
            if (patience.expired()) {
                return false;
            }
            Poll.pause();
        }
        return true;
    }
}
