// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.bisect;

/** What a bisection is after. */
public enum Find {
    /** What brought the bug: the good end is the older one. */
    CAUSE,
    /** What cured it: the bad end is the older one. */
    CURE
}
