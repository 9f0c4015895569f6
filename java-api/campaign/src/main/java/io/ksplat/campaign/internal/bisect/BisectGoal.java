// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bisect;

/** What a bisection is after. */
public enum BisectGoal {
    /** What brought the bug: the good end is the older one. */
    CAUSE,
    /** What cured it: the bad end is the older one. */
    CURE
}
