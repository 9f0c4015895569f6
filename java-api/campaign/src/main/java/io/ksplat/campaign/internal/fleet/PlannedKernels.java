// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.Progress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What the kernel specs of a plan mean: a series moves on, and the key says which kernel was meant. */
public final class PlannedKernels {
    private PlannedKernels() {}

    /**
     * Returns what specs mean on this machine now, each once.
     *
     * @throws IllegalArgumentException if two of them are one kernel
     */
    public static List<FleetPlan.Kernel> resolve(List<String> texts, Progress progress)
            throws KernelException, InterruptedException {
        Kernels kernels = new Kernels(Cache.standard());
        Map<String, String> specs = new HashMap<>();
        List<FleetPlan.Kernel> known = new ArrayList<>();
        for (String text : texts.stream().distinct().toList()) {
            Kernel kernel = kernels.resolve(KernelSpec.parse(text), progress);
            String other = specs.putIfAbsent(kernel.key(), text);
            if (other != null) {
                throw new IllegalArgumentException(
                        other + " and " + text + " are one kernel, " + kernel.key() + ": name it once");
            }
            known.add(new FleetPlan.Kernel(text, kernel.release(), kernel.key()));
        }
        return known;
    }

    /**
     * Fetches or builds the kernels of a share.
     *
     * @throws IOException if a spec means another kernel on this machine than when it was planned
     */
    public static void fetch(FleetPlan plan, List<FleetUnit> share, Progress progress)
            throws KernelException, InterruptedException, IOException {
        Kernels kernels = new Kernels(Cache.standard());
        for (FleetPlan.Kernel kernel : plan.kernels()) {
            if (share.stream().anyMatch(unit -> unit.kernel().equals(kernel.spec()))) {
                Kernel here = kernels.resolve(KernelSpec.parse(kernel.spec()), progress);
                if (!here.key().equals(kernel.key())) {
                    throw new IOException(kernel.spec() + " is " + here.key() + " here, and was " + kernel.key()
                            + " when it was planned: name the version in the plan, or bring the cache"
                            + " (ksplat cache export)");
                }
            }
        }
    }
}
