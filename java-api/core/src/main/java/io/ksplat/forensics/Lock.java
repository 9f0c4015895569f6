// SPDX-License-Identifier: Apache-2.0
package io.ksplat.forensics;

import io.ksplat.evidence.LockRef;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A lock in a stopped kernel's memory.
 *
 * @param map its struct lockdep_map, in kernels that have one
 * @param owner the task that it names as its owner, in kernels that debug spin locks
 * @param ownerCpu and the CPU
 */
record Lock(long address, LockRef ref, int word, OptionalLong map, OptionalLong owner, OptionalInt ownerCpu) {
    /** Of a queued spin lock (include/asm-generic/qspinlock_types.h): the last CPU in its queue, for less than 16384 CPUs. */
    OptionalInt tail() {
        int cpu = (word >>> 18) - 1;
        return cpu >= 0 ? OptionalInt.of(cpu) : OptionalInt.empty();
    }
}
