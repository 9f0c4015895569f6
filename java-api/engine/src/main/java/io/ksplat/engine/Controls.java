// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.bpf.Global;
import io.ksplat.engine.internal.ControlSet;
import java.time.Duration;

/**
 * The positive checks of a run. They are evaluated after its code, from outside, until all pass or time is up.
 *
 * <pre>{@code
 * machine.controls()
 *         .dropped(bpf.global("dropped"), 1)
 *         .freed("delayed_put_task_struct", bpf.global("freed"), 1)
 *         .atLeast("handled", bpf.global("handled"), 1)
 *         .atMost("longest", bpf.global("longest_ns"), Duration.ofMillis(10));
 * }</pre>
 */
public final class Controls {
    private final ControlSet set;

    /** Makes the controls of a run; only the engine calls this. */
    public Controls(ControlSet set) {
        this.set = set;
    }

    /** Counts operations that returned success in the context at stake, as the program under test counted them. */
    public Controls dropped(Global counter, long required) {
        return atLeast("dropped", counter, required);
    }

    /**
     * Counts the kernel's own final free of those objects.
     *
     * @param function the kernel function that a tracer, which is not the program under test, saw free them
     */
    public Controls freed(String function, Global counter, long required) {
        return atLeast(ControlSet.FREED + function, counter, required);
    }

    /** Counts anything else that must happen. */
    public Controls atLeast(String name, Global counter, long required) {
        set.add(name, counter, required);
        return this;
    }

    /**
     * Counts what may not happen more often. It shows nothing of an experiment that did not take place: give it another control beside. A
     * run with an upper bound is watched for at least a second of the guest's time after its code, for what comes late.
     */
    public Controls atMost(String name, Global counter, long most) {
        set.add(name, counter, 0, most);
        return this;
    }

    /**
     * Bounds a time that a program has measured, for example by {@code bpf_ktime_get_ns()}: a stall that ends by itself is no deadlock.
     * A CPU may be busy for that much longer before that is evidence ({@code cpu-busy}).
     *
     * @param nanoseconds the longest of them so far
     */
    public Controls atMost(String name, Global nanoseconds, Duration most) {
        set.add(name, nanoseconds, most);
        return this;
    }

    /** Counts what must happen so often and no more. */
    public Controls exactly(String name, Global counter, long count) {
        set.add(name, counter, count, count);
        return this;
    }
}
