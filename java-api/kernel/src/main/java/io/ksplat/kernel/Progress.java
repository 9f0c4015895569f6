// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

/**
 * Receives lines about a long step while it works.
 *
 * <pre>{@code
 * Progress progress = (line, done) ->
 *         System.err.println(done == Progress.UNKNOWN ? line : line + ", " + Math.round(100 * done) + " %");
 * Kernel kernel = new io.ksplat.kernel.Kernels(Cache.standard()).resolve(KernelSpec.parse("source:7.3+lockdep"), progress);
 * }</pre>
 */
@FunctionalInterface
public interface Progress {
    /** Discards every line. */
    Progress NONE = (line, fraction) -> {};

    /** The fraction of a step whose progress is not known. */
    double UNKNOWN = -1;

    /**
     * Reports a line, which replaces the one before if the terminal can do that.
     *
     * @param fraction how much is done, 0 to 1, or {@link #UNKNOWN}
     */
    void report(String line, double fraction);

    /** Begins a phase of another kind, for example {@code checkout}, {@code build}, {@code template} or {@code attempt}. */
    default void step(String name) {}

    /** Reports a line about a step whose progress is not known. */
    default void report(String line) {
        report(line, UNKNOWN);
    }
}
