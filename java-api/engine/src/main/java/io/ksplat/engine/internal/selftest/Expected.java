// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import java.util.OptionalInt;

/**
 * What is expected of a program in one mode.
 *
 * @param log what the verifier's log must have
 * @param xlated what the instructions must be after the verifier's rewrites
 * @param jited what the machine code must be
 * @param retval what it must return when it is run; empty: it is not run
 */
record Expected(
        boolean failure,
        Messages log,
        Messages xlated,
        Messages jited,
        Messages stdout,
        Messages stderr,
        OptionalInt retval) {
    /** bpf_misc.h, POINTER_VALUE: anything will do. */
    static final int ANYTHING = 0xbadcafe;

    /** Returns whether the program is to be run: never one whose load must fail. */
    boolean runs() {
        return retval.isPresent() && !failure;
    }

    /** Returns these, with those of another mode where these have none. */
    Expected orElse(Expected other) {
        return new Expected(
                failure,
                log.isEmpty() ? other.log : log,
                xlated.isEmpty() ? other.xlated : xlated,
                jited.isEmpty() ? other.jited : jited,
                stdout.isEmpty() ? other.stdout : stdout,
                stderr.isEmpty() ? other.stderr : stderr,
                retval.isPresent() ? retval : other.retval);
    }
}
