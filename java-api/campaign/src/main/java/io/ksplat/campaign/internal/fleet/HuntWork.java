// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.campaign.internal.hunt.Hunt;
import io.ksplat.campaign.internal.hunt.HuntRequest;
import io.ksplat.campaign.internal.hunt.HuntResult;
import io.ksplat.campaign.internal.hunt.Operations;
import io.ksplat.kernel.KernelException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Tries the operation of a unit.
 *
 * @param hunts makes the hunt of a folder
 */
public record HuntWork(FleetWork.Hunt work, Hunts hunts) implements UnitWork {
    /** A unit is one operation, which always begins. */
    private static final Duration BUDGET = Duration.ofDays(1);

    /** Makes hunts. */
    @FunctionalInterface
    public interface Hunts {
        Hunt in(Path report) throws IOException;
    }

    @Override
    public Done run(FleetUnit unit, Path folder) throws InterruptedException, KernelException {
        HuntResult result;
        try {
            result = hunts.in(folder)
                    .run(new HuntRequest(
                            unit.kernel(), Operations.named(List.of(unit.reproducer())), work.scope(), BUDGET, 1));
        } catch (IOException e) {
            return Done.failed(unit, e);
        }
        List<String> lines = result.operations().stream()
                .map(tried -> tried.name() + " on " + unit.kernel() + ": " + tried.answer()
                        + tried.message().map(why -> ", " + why).orElse(""))
                .toList();
        return new Done(!result.hasFailed() && result.untried().isEmpty(), List.of(), lines, List.of());
    }

    @Override
    public void close() {
        // Each hunt ends what it began.
    }
}
