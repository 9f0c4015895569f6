// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

/**
 * A positive check that an experiment could have failed: without it, no evidence proves nothing.
 *
 * @param name what was counted, e.g. {@code dropped} or {@code freed:delayed_put_task_struct}
 * @param required the least count that passes
 * @param observed the count that was seen from outside the guest
 */
public record Control(String name, long required, long observed) {
    public boolean passed() {
        return observed >= required;
    }
}
