// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import java.util.Optional;

/**
 * An NMI that was seen to arrive.
 *
 * @param cpu the CPU that took it
 * @param address the instruction that it interrupted
 * @param where the same as {@code function+0xoffset}
 * @param task the task that it interrupted, by name and process id
 */
public record Landing(int cpu, long address, String where, Optional<String> task) {
    /** Where nobody looked for the task. */
    public Landing(int cpu, long address, String where) {
        this(cpu, address, where, Optional.empty());
    }

    @Override
    public String toString() {
        return "NMI on CPU " + cpu + " at " + where
                + task.map(name -> ", interrupting " + name).orElse("");
    }
}
