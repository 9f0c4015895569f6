// SPDX-License-Identifier: Apache-2.0
package io.ksplat.verify.internal;

import java.util.List;

/**
 * Some checks that are made ready and run together.
 *
 * @param tag the JUnit tag of its tests; empty for those that have none
 * @param name what is checked
 * @param needs what is made ready before the tests, in this order
 * @param container whether a container daemon is started for it, if there is none
 * @param maven the arguments that choose its tests
 */
record Step(String tag, String name, List<Need> needs, boolean container, List<String> maven) {
    /**
     * What takes too long for a test.
     *
     * @param command a path in the checkout, and its arguments
     */
    record Need(String what, List<String> command) {
        static Need kernel(String spec) {
            return new Need("kernel " + spec, List.of("ksplat", "kernels", "get", spec));
        }
    }

    static Step onKernels(String tag, String name, List<String> kernels, List<String> maven) {
        return new Step(tag, name, kernels.stream().map(Need::kernel).toList(), false, maven);
    }

    /** Returns it with all that its tests need, for one test. */
    Step only(String test) {
        return new Step(
                tag,
                test,
                needs,
                container,
                List.of(
                        "-Dtest=" + test,
                        "-Dksplat.level=any() | none()",
                        "-Dksplat.others=inner",
                        "-Dksplat.trust.skip=false",
                        "-Dexamples.skip=true",
                        "-Dsurefire.failIfNoSpecifiedTests=false"));
    }
}
