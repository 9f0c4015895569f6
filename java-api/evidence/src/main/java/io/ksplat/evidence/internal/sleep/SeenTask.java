// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.sleep;

import io.ksplat.evidence.Task;
import java.util.OptionalLong;

/**
 * A task at one look at a machine's memory.
 *
 * @param id the address of its task_struct
 * @param state its {@code __state}
 * @param flags its {@code flags}
 * @param onCpu whether a CPU executes it
 * @param switches how often it has left a CPU so far
 * @param sleptNs nanoseconds of the guest's time since it last ran; empty if this kernel does not tell
 */
public record SeenTask(long id, Task task, long state, long flags, boolean onCpu, long switches, OptionalLong sleptNs) {
    /** include/linux/sched.h, the same from 6.1 to 7.3: TASK_UNINTERRUPTIBLE, and TASK_RTLOCK_WAIT of PREEMPT_RT. */
    private static final long WAITS = 0x2 | 0x1000;

    /** include/linux/sched.h: TASK_NOLOAD, which marks a kernel thread that has nothing to do, and TASK_FROZEN. */
    private static final long IDLES = 0x400 | 0x8000;

    /** include/linux/sched.h: PF_KTHREAD. */
    private static final long KERNEL_THREAD = 0x00200000;

    /** Returns whether it sleeps so that no ordinary signal wakes it: uninterruptibly or killably. */
    public boolean isUninterruptible() {
        return !onCpu && (state & WAITS) != 0 && (state & IDLES) == 0;
    }

    /** Returns whether it runs, or could run if a CPU were free. */
    public boolean isRunnable() {
        return onCpu || state == 0;
    }

    public boolean isKernelThread() {
        return (flags & KERNEL_THREAD) != 0;
    }
}
