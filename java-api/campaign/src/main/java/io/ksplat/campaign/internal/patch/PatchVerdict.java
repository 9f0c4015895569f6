// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

/** The effect of a patch on a bug. The worst verdict of several reproducers counts for all. */
public enum PatchVerdict {
    /**
     * With the patch, a splat shows that the base does not have, or a control fails: objects leak, or a path no longer
     * runs.
     */
    BREAKS("BREAKS"),
    /** The bug shows with the patch. */
    DOES_NOT_CURE("DOES NOT CURE"),
    /** The bug shows only without the patch, every control passes with it, and nothing else shows more often. */
    CURES("CURES"),
    /** Of the whole catalogue: a verdict is another with the patch, and it is neither a cure nor a splat. */
    CHANGES("CHANGES"),
    /** Of the whole catalogue: each verdict is the same with the patch. */
    CHANGES_NOTHING("CHANGES NOTHING"),
    /** The bug does not show on the base, so nothing can be said about a cure. */
    NO_BUG_ON_BASE("NO BUG ON BASE"),
    /** The kernel does not build or run, or the runs were not enough. */
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
