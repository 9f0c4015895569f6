// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.sleep;

import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.internal.sleep.WaitGraph.Strength;
import io.ksplat.machine.internal.forensics.unwind.StackWalk;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a task sleeps for.
 *
 * @param ref the lock, or whatever else it waits for, by name and address
 * @param word the lock's own word; 0 if it has none
 * @param map the lock's lockdep_map
 * @param holders the tasks that it waits for; empty if memory does not tell
 * @param gracePeriod whether it is a grace period of RCU
 */
record Wait(LockRef ref, long word, OptionalLong map, List<Holder> holders, boolean gracePeriod) {
    Wait {
        holders = List.copyOf(holders);
    }

    /**
     * A task that could end a wait.
     *
     * @param because how that is known, as one clause
     */
    record Holder(long task, Strength strength, String because) {}

    /**
     * A task that is on no CPU.
     *
     * @param reason empty if it is not known
     * @param taker the index of the step of the function that wants to wait
     */
    record Sleeper(long task, List<StackWalk.Step> steps, Optional<Wait> reason, int taker) {}
}
