// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.Campaign;
import io.ksplat.engine.RunSettings;
import java.util.List;
import picocli.CommandLine.Option;

/** Several kernels. */
final class KernelsMixin {
    @Option(
            names = "--kernel",
            paramLabel = "SPEC",
            description = "A kernel, may be given several times: " + RunSettings.KERNEL_FORMS + ". Default: "
                    + RunSettings.DEFAULT_KERNEL + ".")
    private List<String> specs = List.of(RunSettings.DEFAULT_KERNEL);

    /** Returns them as they were given. */
    List<String> specs() {
        return specs;
    }

    /**
     * Checks them before anything is done.
     *
     * @throws IllegalArgumentException if one is no kernel spec
     */
    void check() {
        Campaign.kernels(specs);
    }
}
