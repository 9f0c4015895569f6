// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.locks;

import io.ksplat.evidence.LockRef;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A lock in a stopped kernel's memory.
 *
 * @param word what says whether it is held: 32 bits; of a mutex or rw_semaphore, the 64 of its owner and some flags
 * @param map its struct lockdep_map, in kernels that have one
 * @param owner the task that it names as its owner, in kernels that debug spin locks; of a mutex or rw_semaphore in all
 * @param ownerCpu and the CPU, of a spin lock
 */
public record Lock(long address, LockRef ref, long word, OptionalLong map, OptionalLong owner, OptionalInt ownerCpu) {
    /** Of a queued spin lock (include/asm-generic/qspinlock_types.h): the last CPU in its queue, for less than 16384 CPUs. */
    OptionalInt tail() {
        int cpu = ((int) word >>> 18) - 1;
        return cpu >= 0 ? OptionalInt.of(cpu) : OptionalInt.empty();
    }
}
