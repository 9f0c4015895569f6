// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import java.util.Optional;

/**
 * The kernel of a run.
 *
 * @param spec the kernel spec that the user gave
 * @param release what {@code uname -r} prints; empty if the run ended before it was known
 * @param key tells apart kernels that share a release, and is fit for a file name
 * @param config a digest of the configuration that it was built with, 12 hexadecimal digits; empty if that is not known
 */
public record KernelName(String spec, String release, String key, Optional<String> config) {
    /** A kernel whose configuration is not known. */
    public KernelName(String spec, String release, String key) {
        this(spec, release, key, Optional.empty());
    }

    /** Returns what people call it: its release, or its spec if the release is not known. */
    public String shortName() {
        return release.isEmpty() ? spec : release;
    }
}
