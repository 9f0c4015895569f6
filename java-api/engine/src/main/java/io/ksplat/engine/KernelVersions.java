// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.kernel.KernelRange;

/**
 * Ranges of kernel versions, in the notation of mathematical intervals.
 *
 * <pre>{@code
 * boolean since = KernelVersions.contain("[6.3,)", machine.version());
 * }</pre>
 */
public final class KernelVersions {
    private KernelVersions() {}

    /**
     * Returns whether a range has a version in it.
     *
     * @param range for example {@code [6.3,)}
     * @param version of the upstream sources: a distribution's release need not tell it
     * @throws IllegalArgumentException if the range is not one
     */
    public static boolean contain(String range, String version) {
        return KernelRange.parse(range).contains(version);
    }
}
