// SPDX-License-Identifier: Apache-2.0
package io.ksplat.verify.internal;

import java.util.List;

/**
 * Some checks that are made ready and run together.
 *
 * @param name what is checked
 * @param kernels the kernel specs that are fetched or built before the tests
 * @param container whether a container daemon is started for it, if there is none
 * @param maven the arguments that choose its tests
 */
record Step(String name, List<String> kernels, boolean container, List<String> maven) {
    static Step tests(String name, List<String> kernels, String... maven) {
        return new Step(name, kernels, false, List.of(maven));
    }

    Step withContainers() {
        return new Step(name, kernels, true, maven);
    }
}
