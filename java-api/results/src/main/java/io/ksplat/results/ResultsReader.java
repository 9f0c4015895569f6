// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import io.ksplat.results.internal.StoredReport;
import io.ksplat.results.internal.StoredRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads the runs of a report. Each {@code run.json} counts more than {@code results.json}, which may be older: if ksplat was killed,
 * it lacks the last runs.
 *
 * <pre>{@code
 * for (RunRecord run : ResultsReader.read(Path.of("ksplat-report"))) {
 *     System.out.println(run.reproducer() + ": " + (run.isFinished() ? run.verdict() : "ksplat was killed"));
 * }
 * }</pre>
 */
public final class ResultsReader {
    private ResultsReader() {}

    /**
     * Returns the runs of a report, in its order; those that did not finish are among them, see {@link RunRecord#isFinished}.
     *
     * @param report the folder, or a {@code results.json} alone
     * @throws IOException in one line, if there is no report, or if a file is damaged or of a schema that this ksplat does not know
     */
    public static List<RunRecord> read(Path report) throws IOException {
        return StoredReport.read(report).stream().map(StoredRun::run).toList();
    }
}
