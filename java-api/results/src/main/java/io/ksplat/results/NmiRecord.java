// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import io.ksplat.evidence.Task;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * An NMI that reached the kernel, or a source that sent many. A field whose value is not known is empty.
 *
 * @param source the text that repeats it: {@code aimed at rcu_cblist_enqueue+0x0}, {@code storm of 100/s, jitter 0.5, seed 7}
 * @param cpu the CPU that took it
 * @param address the instruction that it interrupted
 * @param where the same as {@code function+0xoffset}
 * @param task the task that it interrupted
 * @param atMs when, in milliseconds from the beginning of the run
 */
public record NmiRecord(
        String source,
        OptionalInt cpu,
        OptionalLong address,
        Optional<String> where,
        Optional<Task> task,
        OptionalLong atMs) {
    /** Returns a source of which it is not recorded where its NMIs arrived. */
    public static NmiRecord of(String source) {
        return new NmiRecord(
                source,
                OptionalInt.empty(),
                OptionalLong.empty(),
                Optional.empty(),
                Optional.empty(),
                OptionalLong.empty());
    }

    /** Returns the source and the CPU: {@code aimed at rcu_cblist_enqueue+0x0 on CPU 0}. */
    @Override
    public String toString() {
        return source + (cpu.isPresent() ? " on CPU " + cpu.getAsInt() : "");
    }
}
