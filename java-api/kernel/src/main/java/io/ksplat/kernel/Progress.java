// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

/** Takes what a long step has to say while it works: lines for people. */
@FunctionalInterface
public interface Progress {
    /** Says nothing to anybody. */
    Progress NONE = (line, fraction) -> {};

    /** How much is done is not known. */
    double UNKNOWN = -1;

    /**
     * One line, replacing the one before where the terminal can.
     *
     * @param fraction done, 0 to 1, or {@link #UNKNOWN}
     */
    void report(String line, double fraction);

    /** What comes now is of another kind than before, e.g. {@code checkout}, {@code build}, {@code template}, {@code attempt}. */
    default void step(String name) {}

    /** One line where it is not known how much is done. */
    default void report(String line) {
        report(line, UNKNOWN);
    }
}
