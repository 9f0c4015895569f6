// SPDX-License-Identifier: Apache-2.0
package io.ksplat.verify.internal;

import java.util.List;

/**
 * Some checks that are made ready and run together.
 *
 * @param name what is checked
 * @param needs what is made ready before the tests, in this order
 * @param container whether a container daemon is started for it, if there is none
 * @param maven the arguments that choose its tests
 */
record Step(String name, List<Need> needs, boolean container, List<String> maven) {
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

    static Step onKernels(String name, List<String> kernels, List<String> maven) {
        return new Step(name, kernels.stream().map(Need::kernel).toList(), false, maven);
    }
}
