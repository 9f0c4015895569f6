// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

/**
 * What a hunt tries of each operation.
 *
 * @param points how many instructions to send an NMI to, before the borders of what is found; or how many functions and events to
 *     attach a program to
 * @param exhaustive whether to try all
 * @param seed chooses those that no rule chooses
 */
public record HuntScope(HuntMode mode, int points, boolean exhaustive, long seed) {
    public HuntScope {
        if (points < 2) {
            throw new IllegalArgumentException("a hunt needs --points from 2");
        }
    }
}
