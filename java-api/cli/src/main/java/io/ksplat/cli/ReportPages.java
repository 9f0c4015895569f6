// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.report.internal.HtmlReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;

/** Leaves the pages of a report beside its records, when all attempts are over. */
final class ReportPages {
    private ReportPages() {}

    static void write(Path report, PrintWriter err) {
        write(report, Optional.empty(), err);
    }

    /**
     * Writes them. The records stand without them: a failure is told, and changes no verdict.
     *
     * @param baseline an earlier report to compare with
     */
    static void write(Path report, Optional<Path> baseline, PrintWriter err) {
        try {
            HtmlReport.write(report.toAbsolutePath(), baseline.map(Path::toAbsolutePath));
        } catch (IOException | RuntimeException e) {
            err.println("ksplat: the records of the report are whole, its pages are not: " + e.getMessage()
                    + "; then: ksplat show " + report + " --html");
            err.flush();
        }
    }
}
