// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import io.ksplat.machine.internal.ExpectedEnd;
import io.ksplat.machine.internal.ProcessWatch;
import io.ksplat.machine.internal.agent.AgentClient;
import io.ksplat.machine.internal.agent.proto.Pin;
import io.ksplat.machine.internal.agent.proto.Reap;
import io.ksplat.machine.internal.agent.proto.Request;
import java.io.IOException;

/**
 * A process in the guest, child of the agent.
 *
 * <p>How it ends is a control of the run, {@code exit:NAME}: a program has to exit with status 0 before the run is over, unless the test
 * says otherwise; it may still run if the test ends it, too. A process that does nothing or churns runs until the end.
 *
 * <pre>{@code
 * GuestProcess child = machine.spawnParked(0);
 * child.pin(1);
 * child.exitAndReap();
 * machine.spawn(0, Path.of("load")).runsUntilTheEnd();
 * machine.spawn(0, Path.of("fails")).expectExit(3);
 * }</pre>
 */
public final class GuestProcess {
    private static final int SIGKILL = 9;
    private static final int REAP_MS = 10_000;

    private final AgentClient agent;
    private final int pid;
    private final ProcessWatch watch;
    private boolean reaped;

    /** Makes a process that was started; only ksplat calls this. */
    public GuestProcess(AgentClient agent, int pid, ProcessWatch watch) {
        this.agent = agent;
        this.pid = pid;
        this.watch = watch;
    }

    /** Its process id in the guest's initial namespace. */
    public int pid() {
        return pid;
    }

    public void pin(int cpu) throws IOException {
        agent.call(Request.newBuilder().setPin(Pin.newBuilder().setPid(pid).setCpu(cpu)));
    }

    /** Says that it has to exit with this status before the run is over; 0 is what holds if nothing is said. */
    public GuestProcess expectExit(int status) {
        watch.expect(new ExpectedEnd.Exit(status));
        return this;
    }

    /** Says that it has to run until the run is over, and is ended then. */
    public GuestProcess runsUntilTheEnd() {
        watch.expect(new ExpectedEnd.UntilTheEnd());
        return this;
    }

    /** Says that whether and how it ends does not matter. */
    public GuestProcess endsAnyhow() {
        watch.expect(new ExpectedEnd.Any());
        return this;
    }

    /** Kills it and waits for it: after this the kernel keeps its task_struct only as long as others hold references. */
    public void exitAndReap() throws IOException {
        reaped = true;
        watch.kills();
        agent.call(Request.newBuilder()
                .setReap(Reap.newBuilder().setPid(pid).setSignal(SIGKILL).setTimeoutMs(REAP_MS)));
    }

    /** Returns what is known of how it ended. */
    public ProcessWatch watch() {
        return watch;
    }

    /** Whether {@link #exitAndReap} was called. */
    public boolean isReaped() {
        return reaped;
    }
}
