// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import java.time.Duration;
import java.util.List;

/**
 * What to hunt.
 *
 * @param kernel a kernel spec
 * @param operations what is tried
 * @param scope what is tried of each of them
 * @param budget no operation begins later
 * @param workers the number of machines at once
 */
public record HuntRequest(String kernel, List<Operation> operations, HuntScope scope, Duration budget, int workers) {
    public HuntRequest {
        operations = List.copyOf(operations);
        if (workers < 1 || budget.isNegative() || budget.isZero()) {
            throw new IllegalArgumentException("a hunt needs --minutes and --jobs from 1");
        }
    }
}
