// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bisect;

/** What a bisection looks for. */
public enum BisectGoal {
    /** The change that introduced the bug: the good end is the older one. */
    CAUSE,
    /** The change that cured the bug: the bad end is the older one. */
    CURE
}
