// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.locks;

import io.ksplat.evidence.LockRef;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A lock in a stopped kernel's memory.
 *
 * @param word the word that says whether it is held: 32 bits; of a mutex or rw_semaphore 64 bits, its owner and flags
 * @param map its struct lockdep_map, if this kernel has one
 * @param owner the task that it names as its owner: of a spin lock only in kernels that debug them, of a mutex or rw_semaphore in all
 * @param ownerCpu the CPU that a spin lock names
 */
public record Lock(long address, LockRef ref, long word, OptionalLong map, OptionalLong owner, OptionalInt ownerCpu) {
    /** Returns the last CPU in the queue of a queued spin lock (include/asm-generic/qspinlock_types.h), for fewer than 16384 CPUs. */
    OptionalInt tail() {
        int cpu = ((int) word >>> 18) - 1;
        return cpu >= 0 ? OptionalInt.of(cpu) : OptionalInt.empty();
    }
}
