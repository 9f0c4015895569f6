// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KnownReportsTest {
    private static final String TABLE = "# ours\n[[known]]\nsignature = \"oops: one\"\nreason = \"ticket 7\"\n";

    @TempDir
    Path folder;

    private KnownReports read(String text) throws IOException {
        return KnownReports.read(Files.writeString(folder.resolve("known.toml"), text));
    }

    @ParameterizedTest
    @CsvSource({
        "6.12.118+deb13-cloud-amd64, true",
        "6.12, true",
        "6.1.192, false",
        "6.120.1, false",
        "7.2.13, true",
        "7.20.1, false"
    })
    void aTableIsKnownOnItsKernelsAlone(String release, boolean known) throws IOException {
        KnownReports reports = read(TABLE + "kernels = [\"6.12\", \"7.2\"]\nthread = \"a thread\"\n");
        assertThat(reports.reason("oops: one", release).isPresent()).isEqualTo(known);
        assertThat(reports.reason("oops: two", release)).isEmpty();
        if (known) {
            assertThat(reports.reason("oops: one", release)).contains("ticket 7, thread a thread");
        }
    }

    @Test
    void aTableIsKnownUntilItsDay() throws IOException {
        RunRecord run =
                Runs.run("nmi-task-kptr", 1, io.ksplat.evidence.Verdict.DEADLOCK, io.ksplat.evidence.Verdict.CLEAN);
        KnownReports reports =
                read("[[known]]\nsignature = \"" + run.evidence().get(0).signature()
                        + "\"\nuntil = 2026-12-01\nreason = \"ticket 7\"\ncommit = \"abc\"\n");
        News last = new News(List.of(), reports, LocalDate.of(2026, 12, 1));
        assertThat(last.reason(run)).contains("known: ticket 7, commit abc, until 2026-12-01");
        assertThat(new News(List.of(), reports, LocalDate.of(2026, 12, 2)).isIn(run))
                .isTrue();
    }

    @Test
    void bothFormsAreRead() throws IOException {
        assertThat(read("# a line\noops: one | 2999-01-01 | ticket 7\n").reason("oops: one", "6.12"))
                .contains("ticket 7, until 2999-01-01");
        assertThat(read("# nothing\n").reason("oops: one", "6.12")).isEmpty();
    }

    @Test
    void whatMakesNoSenseIsOneLine() {
        assertThatThrownBy(() -> read(TABLE)).hasMessageContaining("the 1. [[known]] would hide it for ever");
        assertThatThrownBy(() -> read(TABLE + "kernel = [\"6.12\"]\n")).hasMessageContaining("has a key kernel");
        assertThatThrownBy(() -> read("[[known]]\nuntil = 2999-01-01\nreason = \"x\"\n"))
                .hasMessageContaining("has no signature");
        assertThatThrownBy(() -> read(TABLE + "until = \"soon\"\n"))
                .hasMessageContaining("not a date as 2027-01-31: soon");
        assertThatThrownBy(() -> read("[[known]]\nsignature = \n"))
                .hasMessageContaining("known.toml:2:")
                .hasMessageMatching("[^\n]*");
    }
}
