// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import io.ksplat.evidence.Task;
import java.util.Optional;

/**
 * An NMI that was seen to arrive.
 *
 * @param cpu the CPU that took it
 * @param address the instruction that it interrupted
 * @param where the same as {@code function+0xoffset}
 * @param task the task that it interrupted, if that is known
 * @param atNanos when it was seen, as {@link System#nanoTime()}
 */
public record Landing(int cpu, long address, String where, Optional<Task> task, long atNanos) {
    @Override
    public String toString() {
        return "NMI on CPU " + cpu + " at " + where
                + task.map(known -> ", interrupting " + known.comm() + " (" + known.pid() + ")")
                        .orElse("");
    }
}
