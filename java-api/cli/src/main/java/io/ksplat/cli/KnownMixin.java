// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.results.internal.KnownReports;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What is known already, and does not fail. */
final class KnownMixin {
    @Option(
            names = "--known",
            paramLabel = "FILE",
            description =
                    "Reports that are known: tables [[known]] of TOML with signature, kernels or until, and reason; or lines "
                            + "of SIGNATURE | UNTIL | REASON. They are printed and do not fail.")
    private @Nullable Path file;

    boolean isGiven() {
        return file != null;
    }

    /**
     * Reads the file.
     *
     * @throws IOException if it cannot be read, or a line is not of the form
     */
    KnownReports read() throws IOException {
        return file == null ? KnownReports.NONE : KnownReports.read(file);
    }
}
