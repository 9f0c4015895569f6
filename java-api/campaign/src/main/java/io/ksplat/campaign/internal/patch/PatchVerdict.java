// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

/** What a patch does to a bug. The worst of several reproducers is the whole's. */
public enum PatchVerdict {
    /** It shows a splat that the base does not, or a control no longer passes: objects are lost, a path is no longer run. */
    BREAKS("BREAKS"),
    /** The bug still shows. */
    DOES_NOT_CURE("DOES NOT CURE"),
    /** The bug shows without it and not with it, and every control passes. */
    CURES("CURES"),
    /** The bug does not show on the base: nothing can be said of a cure. */
    NO_BUG_ON_BASE("NO BUG ON BASE"),
    CANNOT_TELL("CANNOT TELL");

    private final String words;

    PatchVerdict(String words) {
        this.words = words;
    }

    @Override
    public String toString() {
        return words;
    }
}
