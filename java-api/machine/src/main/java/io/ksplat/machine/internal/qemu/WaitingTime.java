// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import java.util.HashMap;
import java.util.Map;

/**
 * How long a machine has waited for CPUs of its host: between two looks, as long as the thread that waited longest just then. That need not
 * be the one that has waited longest of all. Not thread-safe.
 */
final class WaitingTime {
    private final Map<Long, Long> before = new HashMap<>();
    private long nanos;

    /** Takes how long each thread has waited so far, in nanoseconds, by its id. */
    void look(Map<Long, Long> waited) {
        long most = 0;
        for (Map.Entry<Long, Long> thread : waited.entrySet()) {
            most = Math.max(most, thread.getValue() - before.getOrDefault(thread.getKey(), 0L));
        }
        before.putAll(waited);
        nanos += most;
    }

    /** Returns nanoseconds; they never decrease. */
    long nanos() {
        return nanos;
    }
}
