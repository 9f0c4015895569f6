// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.kernel.KernelRange;

/**
 * Ranges of kernel versions, in the notation of mathematical intervals.
 *
 * <pre>{@code
 * boolean since = KernelVersions.contain("[6.3,)", machine.release());
 * }</pre>
 */
public final class KernelVersions {
    private KernelVersions() {}

    /**
     * Returns whether a range has a release in it.
     *
     * @param range for example {@code [6.3,)}
     * @param release as {@code uname -r} prints it
     * @throws IllegalArgumentException if the range is not one
     */
    public static boolean contain(String range, String release) {
        return KernelRange.parse(range).contains(release);
    }
}
