// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfObjectSpec;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.GuestProcess;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.Nmi;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.Poll;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The machine of one experiment, as a test method sees it.
 *
 * <pre>{@code
 * GuestProcess child = machine.spawnParked(1);
 * bpf.global("target_pid").set(child.pid());
 * bpf.program("stash_task").run();
 * child.exitAndReap();
 * machine.await("the map holds the last reference", () -> bpf.program("references").run() == 1);
 * machine.churn(0);
 * machine.nmi().aimAt("rcu_cblist_enqueue").on(0).fire();
 * Volley volley = machine.nmi().storm().perSecond(200).forTime(Duration.ofSeconds(1));
 * }</pre>
 */
public final class Machine {
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final Duration SOON = Duration.ofMillis(300);

    static final UnaryOperator<BpfObjectSpec> AS_IT_IS = opened -> opened;

    private final Guest guest;
    private final Nmi nmi;
    private final Controls controls;
    private final Testimony testimony;
    private final Loader loader;
    private final List<GuestProcess> children = new ArrayList<>();

    Machine(Guest guest, Nmi nmi, Controls controls, Testimony testimony, Loader loader) {
        this.guest = guest;
        this.nmi = nmi;
        this.controls = controls;
        this.testimony = testimony;
        this.loader = loader;
    }

    /** Compiles and loads BPF C. */
    @FunctionalInterface
    interface Loader {
        BpfObject load(String source, UnaryOperator<BpfObjectSpec> settings) throws IOException;
    }

    /**
     * Loads another BPF C file that lies beside the class: a tracer that is not the program under test. In the test method, the first
     * call for what a {@link BeforeFreeze} method has loaded gives that.
     */
    public BpfObject load(String source) throws IOException {
        return load(source, AS_IT_IS);
    }

    /**
     * The same, with what is to be set before: constants and first values, sizes of maps, which programs.
     *
     * <pre>{@code
     * BpfObject tracer = machine.load("tracer.bpf.c", opened -> opened.set("target_pid", child.pid()));
     * }</pre>
     *
     * @throws IllegalStateException where the call gives what a {@link BeforeFreeze} method has loaded: nothing can be set in that any more
     */
    public BpfObject load(String source, UnaryOperator<BpfObjectSpec> settings) throws IOException {
        return loader.load(source, settings);
    }

    /** Unloads an object, so that its maps go. Controls keep what its counters said last. */
    public void unload(BpfObject object) throws IOException {
        controls.keep(object);
        object.close();
    }

    /** What programs themselves report. */
    public Testimony testimony() {
        return testimony;
    }

    /** Makes a directory, a control group say. */
    public void makeDirectory(String path) throws IOException {
        guest.agent().makeDirectory(path);
    }

    /** Removes a file or an empty directory. */
    public void remove(String path) throws IOException {
        guest.agent().remove(path);
    }

    public int cpus() {
        return guest.kernel().cpus();
    }

    /** The kernel's release, as {@code uname -r} prints it. */
    public String release() {
        return guest.kernel().release();
    }

    /** A process on CPU 0 that does nothing until it is ended. */
    public GuestProcess spawnParked() throws IOException {
        return spawnParked(0);
    }

    /** A process on a CPU that does nothing until it is ended. */
    public GuestProcess spawnParked(int cpu) throws IOException {
        return started(guest.spawnParked(cpu));
    }

    /** A process on a CPU that creates and unlinks files for ever, so that call_rcu() runs there often. */
    public GuestProcess churn(int cpu) throws IOException {
        return started(guest.spawnChurn(cpu));
    }

    /** A static program of this host's, put into the machine and started on a CPU. */
    public GuestProcess spawn(int cpu, Path program, String... arguments) throws IOException {
        // A program that runs cannot be written over.
        String path = "/" + children.size() + "-" + program.getFileName();
        guest.agent().writeProgram(path, Files.readAllBytes(program));
        List<String> command = new ArrayList<>(List.of(path));
        command.addAll(List.of(arguments));
        return started(guest.spawn(cpu, command.toArray(String[]::new)));
    }

    private GuestProcess started(GuestProcess child) {
        children.add(child);
        return child;
    }

    /** Ends every process that was started here and has not been ended yet. */
    void endChildren() throws IOException {
        for (GuestProcess child : children) {
            if (!child.isReaped()) {
                child.exitAndReap();
            }
        }
    }

    public Nmi nmi() {
        return nmi;
    }

    public Controls controls() {
        return controls;
    }

    public byte[] readFile(String path) throws IOException {
        return guest.agent().readFile(path);
    }

    public void writeFile(String path, String text) throws IOException {
        guest.agent().writeFile(path, text);
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
     * @throws MachineException.Late where it does not in time
     */
    public void await(String what, Condition condition) throws IOException {
        Duration patience = guest.vm().config().accelerator().scale(PATIENCE);
        Deadline deadline = Deadline.in(patience);
        while (!condition.holds()) {
            if (deadline.expired()) {
                throw new MachineException.Late("waited " + patience.toMillis() + " ms in vain until " + what);
            }
            Poll.pause();
        }
    }

    /**
     * Waits a little for what takes microseconds in a machine that lives.
     *
     * @return false where it does not come true: what that means is found out after the test method
     */
    public boolean soon(Condition condition) throws IOException {
        return within(SOON, condition);
    }

    /**
     * Waits as long as {@link #await}, for what takes a grace period say.
     *
     * @return false where it does not come true: what that means is found out after the test method
     */
    public boolean eventually(Condition condition) throws IOException {
        return within(PATIENCE, condition);
    }

    private boolean within(Duration patience, Condition condition) throws IOException {
        Deadline deadline = Deadline.in(guest.vm().config().accelerator().scale(patience));
        while (!condition.holds()) {
            if (deadline.expired()) {
                return false;
            }
            Poll.pause();
        }
        return true;
    }
}
