// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.results.ResultsReader;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.KnownReports;
import io.ksplat.results.internal.News;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** An earlier report to compare with. */
final class BaselineMixin {
    @Option(
            names = "--baseline",
            paramLabel = "DIR",
            description =
                    "An earlier report: what it has already does not fail, and the pages show what is new, changed or"
                            + " gone.")
    private @Nullable Path folder;

    boolean isGiven() {
        return folder != null;
    }

    Optional<Path> folder() {
        return Optional.ofNullable(folder);
    }

    /**
     * Reads it.
     *
     * @throws IOException in one line, if there is no report, or a damaged one
     */
    News news(KnownReports known) throws IOException {
        List<RunRecord> before = folder == null ? List.of() : ResultsReader.read(folder);
        return new News(before, known, LocalDate.now(ZoneId.systemDefault()));
    }
}
