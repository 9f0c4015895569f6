// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.engine.Catalogue;
import java.util.Optional;

/**
 * What to sweep.
 *
 * @param kernel the spec of the kernel, if a new anchor is to be made
 * @param from the kernel function whose first instruction is the anchor
 * @param hit which hit to stop at: the n-th time the CPU reaches the symbol
 * @param anchor the kept anchor to sweep from, instead of a new one
 * @param start instructions from the anchor to the first point
 * @param points the number of points
 * @param stride instructions from one point to the next
 * @param workers the number of machines at once
 */
public record SweepRequest(
        Catalogue.Entry reproducer,
        String kernel,
        String from,
        int hit,
        Optional<String> anchor,
        int start,
        int points,
        int stride,
        int workers) {
    /** Limit of a path: each of its instructions is kept in memory. */
    private static final long LONGEST = 1_000_000;

    public SweepRequest {
        if (hit < 1 || start < 0 || points < 1 || stride < 1 || workers < 1) {
            throw new IllegalArgumentException(
                    "a sweep needs --start from 0, and --hit, --points, --stride and --jobs from 1");
        }
        if (start + (points - 1L) * stride > LONGEST) {
            throw new IllegalArgumentException("a sweep ends at most " + LONGEST + " instructions after its anchor");
        }
    }

    /** Returns the distance of the last point from the anchor. */
    public int last() {
        return start + (points - 1) * stride;
    }
}
