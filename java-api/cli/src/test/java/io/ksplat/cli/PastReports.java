// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunRecord;
import io.ksplat.results.Timings;
import io.ksplat.results.internal.RunFolder;
import io.ksplat.results.internal.StoredRun;
import io.ksplat.results.internal.wire.ReportJson;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import picocli.CommandLine;

/** Reports of days gone by, and the history command over them. */
final class PastReports {
    static final String ID = "nmi-task-kptr";
    static final KernelName OLD = new KernelName("debian:6.12", "6.12.9", "6.12.9-cloud");
    static final KernelName NEW = new KernelName("debian:7.2", "7.2.13", "7.2.13-cloud");
    /** Words that a query or a terminal must not take for its own. */
    static final String SIGNATURE = "cpu-stuck|rcu_data'; DROP TABLE ksplat_runs; --|a";

    final StringWriter out = new StringWriter();
    final StringWriter err = new StringWriter();

    static Path report(Path folder, KernelName kernel, String day, Verdict... verdicts) throws IOException {
        for (int i = 0; i < verdicts.length; i++) {
            RunRecord run = RunRecord.of(ID, kernel, i + 1)
                    .verdict(verdicts[i])
                    .expected(Verdict.CLEAN)
                    .evidence(
                            verdicts[i] == Verdict.DEADLOCK
                                    ? List.of(
                                            Evidence.builder(EvidenceKind.CPU_STUCK, "CPU 0\0 \033[2J stuck", SIGNATURE)
                                                    .build())
                                    : List.of())
                    .timings(Timings.ofTotal(60_000L * (i + 1)))
                    .build();
            Instant begun = Instant.parse(day + "T12:00:00Z").plusSeconds(i);
            Path file = folder.resolve(RunFolder.name(run)).resolve("run.json");
            Files.createDirectories(file.getParent());
            try (OutputStream to = Files.newOutputStream(file)) {
                ReportJson.writeRun(to, new StoredRun(run, begun, begun.plusSeconds(1)));
            }
        }
        return folder;
    }

    /** Returns the exit code; what was printed is that of this call. */
    int ksplat(String... words) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        CommandLine command = Main.commandLine(false);
        command.setOut(new PrintWriter(out, true));
        command.setErr(new PrintWriter(err, true));
        return command.execute(words);
    }
}
