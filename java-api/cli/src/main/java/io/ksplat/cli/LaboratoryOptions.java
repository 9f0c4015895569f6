// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.junit.Settings;
import io.ksplat.kernel.Progress;
import io.ksplat.machine.Accelerator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What the commands that run reproducers until they know enough have in common. */
final class LaboratoryOptions {
    @Option(names = "--report", paramLabel = "DIR", description = "Where the runs go, default ksplat-report.")
    private Path report = Settings.DEFAULT_REPORT;

    @Option(names = "--accelerator", paramLabel = "KIND", description = "kvm or tcg.")
    private @Nullable Accelerator accelerator;

    Path report() {
        return report;
    }

    Laboratory open(Progress progress) throws IOException {
        return Laboratory.open(report, progress, Optional.ofNullable(accelerator));
    }
}
