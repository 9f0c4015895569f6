// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.locks;

import io.ksplat.machine.internal.forensics.memory.KernelData;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Reads how many times each CPU has disabled preemption, as everybody does who takes a spin lock (include/linux/spinlock_api_smp.h). */
final class PreemptCounts {
    /** PREEMPT_MASK (include/linux/preempt.h). */
    private static final int PREEMPT_MASK = 0xff;

    private final KernelData data;

    PreemptCounts(KernelData data) {
        this.data = data;
    }

    /** Returns a CPU's count, those of all its contexts together. */
    OptionalInt of(int cpu) {
        OptionalLong at = data.preemptCount(cpu);
        OptionalInt count = at.isPresent() ? data.half(at.getAsLong()) : OptionalInt.empty();
        return count.isPresent() ? OptionalInt.of(count.getAsInt() & PREEMPT_MASK) : count;
    }
}
