// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.agent;

import io.ksplat.machine.internal.agent.proto.Response;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** What the agent tells of processes without being asked. */
final class Unasked {
    /** Keeps a guest that invents processes from filling the memory: what it tells of strangers beyond this is dropped. */
    private static final long EARLY_BYTES = 1 << 20;

    private final Map<Integer, Consumer<Response>> listeners = new HashMap<>();

    /** In a restored machine, a process that is older than the machine may speak before anybody listens. */
    private final List<Response> early = new ArrayList<>();

    private long earlyBytes;

    synchronized void listen(int process, Consumer<Response> listener) {
        listeners.put(process, listener);
        early.removeIf(response -> {
            boolean its = process(response) == process;
            if (its) {
                listener.accept(response);
            }
            return its;
        });
    }

    synchronized void told(Response response) {
        int process = process(response);
        Consumer<Response> listener = listeners.get(process);
        if (listener != null) {
            listener.accept(response);
        } else if (process != 0 && earlyBytes < EARLY_BYTES) {
            earlyBytes += Math.max(64, response.getSerializedSize());
            early.add(response);
        }
    }

    private static int process(Response response) {
        return response.hasOutput()
                ? response.getOutput().getProcess()
                : response.getEnded().getProcess();
    }
}
