// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import java.time.Duration;
import java.util.List;

/**
 * What to hunt.
 *
 * @param kernel a kernel spec
 * @param operations what is tried
 * @param points how many instructions of each operation to send an NMI to, before the borders of what is found
 * @param exhaustive whether to send one to every instruction
 * @param budget no operation begins later
 * @param seed chooses the instructions that no rule chooses
 * @param workers the number of machines at once
 */
public record HuntRequest(
        String kernel,
        List<Operation> operations,
        int points,
        boolean exhaustive,
        Duration budget,
        long seed,
        int workers) {
    public HuntRequest {
        operations = List.copyOf(operations);
        if (points < 2 || workers < 1 || budget.isNegative() || budget.isZero()) {
            throw new IllegalArgumentException("a hunt needs --points from 2, and --minutes and --jobs from 1");
        }
    }
}
