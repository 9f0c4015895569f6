// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

/** Exit codes. */
final class Exit {
    /** Every verdict is the expected one. */
    static final int EXPECTED = 0;
    /** Some verdict differs. */
    static final int UNEXPECTED = 1;

    static final int USAGE = 2;
    /** The harness failed: some verdict is ERROR, or there is none. */
    static final int HARNESS = 3;

    private Exit() {}
}
