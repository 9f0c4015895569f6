// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import io.ksplat.machine.internal.agent.AgentClient;
import io.ksplat.machine.internal.agent.proto.Pin;
import io.ksplat.machine.internal.agent.proto.Reap;
import io.ksplat.machine.internal.agent.proto.Request;
import java.io.IOException;

/**
 * A process in the guest, child of the agent.
 *
 * <pre>{@code
 * GuestProcess child = machine.spawnParked(0);
 * child.pin(1);
 * child.exitAndReap();
 * }</pre>
 */
public final class GuestProcess {
    private static final int SIGKILL = 9;
    private static final int REAP_MS = 10_000;

    private final AgentClient agent;
    private final int pid;
    private boolean reaped;

    public GuestProcess(AgentClient agent, int pid) {
        this.agent = agent;
        this.pid = pid;
    }

    /** Its process id in the guest's initial namespace. */
    public int pid() {
        return pid;
    }

    public void pin(int cpu) throws IOException {
        agent.call(Request.newBuilder().setPin(Pin.newBuilder().setPid(pid).setCpu(cpu)));
    }

    /** Kills it and waits for it: after this the kernel keeps its task_struct only as long as others hold references. */
    public void exitAndReap() throws IOException {
        reaped = true;
        agent.call(Request.newBuilder()
                .setReap(Reap.newBuilder().setPid(pid).setSignal(SIGKILL).setTimeoutMs(REAP_MS)));
    }

    /** Whether {@link #exitAndReap} was called. */
    public boolean isReaped() {
        return reaped;
    }
}
