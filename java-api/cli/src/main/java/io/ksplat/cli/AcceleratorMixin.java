// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.engine.SessionOptions;
import io.ksplat.engine.internal.TerminalProgress;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What runs the machines of a command. */
final class AcceleratorMixin {
    @Option(
            names = "--accelerator",
            paramLabel = "KIND",
            description = "kvm or tcg; found by booting if it is not given.")
    private @Nullable String accelerator;

    /** Returns what was said. */
    Optional<String> said() {
        return Optional.ofNullable(accelerator);
    }

    SessionOptions options(TerminalProgress progress) {
        return SessionOptions.standard(progress).withAccelerator(said());
    }
}
