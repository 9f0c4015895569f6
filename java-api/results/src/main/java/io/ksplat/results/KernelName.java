// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import java.util.Optional;

/**
 * The kernel of a run.
 *
 * @param spec as the user gave it
 * @param release as {@code uname -r} prints it; empty where the run ended before it was known
 * @param key tells apart what shares a release, and is fit for a file name
 * @param config a digest of the configuration that it was built with, 12 hexadecimal digits; empty where that is not known
 */
public record KernelName(String spec, String release, String key, Optional<String> config) {
    /** A kernel whose configuration is not known. */
    public KernelName(String spec, String release, String key) {
        this(spec, release, key, Optional.empty());
    }
}
