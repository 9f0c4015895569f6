// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static io.ksplat.cli.PastReports.NEW;
import static io.ksplat.evidence.Verdict.CLEAN;
import static io.ksplat.evidence.Verdict.DEADLOCK;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --baseline} of {@code merge} and {@code show --html}: what the earlier report has does not fail, and the pages tell what changed. */
class BaselineTest {
    @TempDir
    Path folder;

    private final PastReports past = new PastReports();

    private String report(String name, io.ksplat.evidence.Verdict... verdicts) throws Exception {
        return PastReports.report(folder.resolve(name), NEW, "2026-03-03", verdicts)
                .toString();
    }

    private String index(String name) throws Exception {
        return Files.readString(folder.resolve(name).resolve("index.html"));
    }

    @Test
    void theJointReportTellsWhatIsNewSinceAnEarlierOne() throws Exception {
        String now = report("now", DEADLOCK);
        String clean = report("clean", CLEAN);
        int alone =
                past.ksplat("merge", now, "--report", folder.resolve("alone").toString());
        assertThat(alone).as(past.err.toString()).isEqualTo(1);
        assertThat(index("alone")).doesNotContain("h-changes");

        int differs =
                past.ksplat("merge", now, "--report", folder.resolve("differs").toString(), "--baseline", clean);
        assertThat(differs).isEqualTo(1);
        assertThat(past.out.toString()).contains("new: ");
        assertThat(index("differs")).contains("Since clean", "new signature", "CLEAN, now DEADLOCK");

        int same = past.ksplat("merge", now, "--report", folder.resolve("same").toString(), "--baseline", now);
        assertThat(same).as(past.err.toString()).isZero();
        assertThat(past.out.toString()).contains("not new: ");
        assertThat(index("same")).contains("Since now", "Nothing changed.");
    }

    @Test
    void noReportIsNoBaseline() throws Exception {
        int code = past.ksplat(
                "merge",
                report("now", DEADLOCK),
                "--report",
                folder.resolve("joint").toString(),
                "--baseline",
                folder.resolve("nowhere").toString());
        assertThat(code).isEqualTo(3);
        assertThat(past.err.toString()).contains("there is no report in ");
        assertThat(folder.resolve("joint")).as("nothing is begun").doesNotExist();
    }

    @Test
    void thePagesOfAHuntAloneAreNoFailure() throws Exception {
        Path hunt = Files.createDirectories(folder.resolve("report/hunt/debian_6.12"));
        Files.writeString(
                hunt.resolve("hunt.json"),
                "{\"kernel\":\"debian:6.12\",\"seed\":1,\"basis\":\"0\",\"operations\":[],\"untried\":[\"map-delete/hash\"]}\n");
        assertThat(past.ksplat("show", folder.resolve("report").toString(), "--html"))
                .as(past.err.toString())
                .isZero();
        assertThat(hunt.resolve("hunt.html")).content().contains("map-delete/hash");
        assertThat(index("report")).contains("href=\"hunt/debian_6.12/hunt.html\"");
    }
}
