// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunRecord;
import io.ksplat.results.ToolRecord;
import io.ksplat.results.internal.campaign.BisectRecord;
import io.ksplat.results.internal.campaign.CampaignFiles;
import io.ksplat.results.internal.campaign.HuntRecord;
import io.ksplat.results.internal.campaign.SweepRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The pages of sweeps, bisections, patch trials, benchmarks and histories. */
@Timeout(180)
class CampaignPagesTest {
    private static final String DEAD = "dead/7.2.13-cloud/1";
    private static final String CLEAN = "clean/7.2.13-cloud/1";

    @TempDir
    Path report;

    private String page(String name) throws IOException {
        HtmlReport.write(report, Optional.empty());
        return Files.readString(report.resolve(name));
    }

    private static int count(String text, String part) {
        return text.split(Pattern.quote(part), -1).length - 1;
    }

    private void runs(Evidence... more) throws IOException {
        Reports.write(
                report,
                "",
                Reports.run("clean", 1, Verdict.CLEAN, Verdict.CLEAN, more),
                Reports.run("dead", 1, Verdict.DEADLOCK, Verdict.DEADLOCK, Reports.nested(Reports.LOCK, true)));
    }

    @Test
    void aReportOfASweepAloneHasAFirstPageThatLinksToIt() throws IOException {
        CampaignFiles.write(report.resolve("sweep").resolve("nmi-task-kptr"), Campaigns.sweep());
        assertThat(page("index.html"))
                .contains("Sweep of nmi-task-kptr on debian:7.2", "href=\"sweep/nmi-task-kptr/sweep.html\"")
                .contains("waiting for " + Reports.LOCK)
                .doesNotContain("0 runs");
        assertThat(Files.readString(report.resolve("sweep/nmi-task-kptr/sweep.html")))
                .contains("href=\"../../index.html\"", "href=\"../../ksplat-report.css\"");
        assertThat(HtmlReport.hasNoRuns(report)).isTrue();
    }

    /** The command hunts the same pair, and what was not tried looks like no danger. */
    @Test
    void showsWhatAnNmiDoesElse() throws IOException {
        String pair = "map-update/hash+map-delete/hash";
        CampaignFiles.write(
                report.resolve("hunt/k"),
                new HuntRecord(
                        "debian:6.12",
                        1,
                        List.of(new HuntRecord.Operation(
                                pair,
                                HuntRecord.NMI,
                                "UNRELATED",
                                0,
                                0,
                                0,
                                List.of(),
                                List.of(),
                                Optional.of("takes no lock"))),
                        List.of()));
        assertThat(page("index.html")).contains(pair);
        assertThat(page("hunt/k/hunt.html"))
                .contains("1 operation: 1 UNRELATED. No finding.", "--operation " + pair)
                .contains("takes none of the locks that the task takes")
                .contains("v-UNSUPPORTED")
                .doesNotContain("v-INCONCLUSIVE");
    }

    @Test
    void showsOperationsByKernelsAndTheFindingsOfEach() throws IOException {
        CampaignFiles.write(report.resolve("hunt/debian_6.12"), Campaigns.hunt("debian:6.12", "lru_lock"));
        CampaignFiles.write(
                report.resolve("hunt/debian_7.2"),
                new HuntRecord("debian:7.2", 1, List.of(), List.of("map-update/lru-hash")));
        assertThat(page("index.html"))
                .contains("<th scope=\"col\">debian:6.12</th>", "<th scope=\"col\">debian:7.2</th>")
                .contains(
                        "href=\"hunt/debian_6.12/hunt.html#operation-1\"",
                        "1 finding",
                        "REFUSED",
                        "class=\"cell none\"")
                .doesNotContain("0 runs");
        assertThat(page("hunt/debian_6.12/hunt.html"))
                .contains("2 operations: 1 DEADLOCK, 1 REFUSED. 1 finding, which is not known. 1 were not tried.")
                .contains("id=\"operation-1\"", "map-update/lru-hash waits for lru_lock", "_raw_spin_unlock+0x9")
                .contains("href=\"../../hunt/k/HuntMapUpdate.java\"", "only ever failed", "map-delete/hash")
                .contains(" --operation map-update/lru-hash");
    }

    @Test
    void leadsFromAFindingToTheRunOfItsReproducer() throws IOException {
        CampaignFiles.write(report.resolve("hunt/k"), Campaigns.hunt("debian:7.2", "lru_lock"));
        String signature = "cpu-stuck:lru_lock";
        Reports.write(
                report,
                "",
                Reports.run(
                        "hunt-map-update-lru-hash", 1, Verdict.DEADLOCK, Verdict.DEADLOCK, Reports.nested("x", true)),
                Reports.run("other", 1, Verdict.DEADLOCK, Verdict.DEADLOCK, Reports.nested("lru_lock", true)),
                Reports.run(
                        "hunt-map-update-lru-hash",
                        2,
                        Verdict.DEADLOCK,
                        Verdict.DEADLOCK,
                        Evidence.builder(EvidenceKind.CPU_STUCK, "stuck", signature)
                                .build()));
        String link = "href=\"../../hunt-map-update-lru-hash/7.2.13-cloud/2/index.html\"";
        assertThat(page("hunt/k/hunt.html")).contains(link).doesNotContain("7.2.13-cloud/1/", "other/");
        Reports.write(
                report,
                "",
                Reports.run(
                        "hunt-map-update-lru-hash-lock-2",
                        1,
                        Verdict.DEADLOCK,
                        Verdict.DEADLOCK,
                        Evidence.builder(EvidenceKind.CPU_STUCK, "stuck", "cpu-stuck:second")
                                .build()));
        CampaignFiles.write(report.resolve("hunt/k"), Campaigns.hunt("debian:7.2", "second"));
        assertThat(page("hunt/k/hunt.html"))
                .as("one of several locks")
                .contains("href=\"../../hunt-map-update-lru-hash-lock-2/7.2.13-cloud/1/index.html\"");
        // Another kernel's run is no run of this finding.
        CampaignFiles.write(report.resolve("hunt/k"), Campaigns.hunt("debian:6.12", "lru_lock"));
        assertThat(page("hunt/k/hunt.html")).doesNotContain(link);
    }

    /** That the bug is gone with the patch is what a trial hopes for. */
    @Test
    void callsNoRunOfAPatchTrialUnexpected() throws IOException {
        String rev = "0123456789abcdef0123456789abcdef01234567";
        RunRecord cured = Reports.run("a", 1, Verdict.CLEAN, Verdict.DEADLOCK).toBuilder()
                .tool(ToolRecord.of("1", List.of("patch", "--tree", "/linux", "a.patch"), 1))
                .kernel(new KernelName("tree:/linux@" + rev + "+lockdep", "7.3.4-lockdep", "patched"))
                .build();
        RunRecord base = cured.toBuilder()
                .verdict(Verdict.DEADLOCK)
                .kernel(new KernelName("tree:/linux@f" + rev.substring(1) + "+lockdep", "7.3.4-lockdep", "base"))
                .build();
        Reports.write(report, "", cured, base);
        CampaignFiles.write(report, Campaigns.patch());
        assertThat(page("index.html"))
                .contains("2 runs</strong>, judged together.", "tree:/linux@0123456789ab+lockdep")
                .doesNotContain("not as expected.", "expected DEADLOCK", rev);
        assertThat(page("a/patched/1/index.html"))
                .contains("that ksplat patch judges together, on tree:/linux@0123456789ab+lockdep")
                .doesNotContain("Not as expected", "This run alone");
    }

    @Test
    void saysTheCommandOfABisectionAndOfATrial() throws IOException {
        Reports.write(
                report,
                "",
                Reports.run("a", 1, Verdict.CLEAN, Verdict.CLEAN).toBuilder()
                        .tool(ToolRecord.of("1", List.of("bisect", "--good", "a b"), 1))
                        .build());
        CampaignFiles.write(report, Campaigns.bisect());
        CampaignFiles.write(report, Campaigns.patch());
        assertThat(page("bisect.html")).contains("Run it again", "ksplat bisect --good 'a b'");
        // No session of this report tried a patch.
        assertThat(page("patch.html")).doesNotContain("Run it again");
    }

    @Test
    void letsNoWordOfAHuntBecomeCode() throws IOException {
        CampaignFiles.write(report.resolve("hunt/k"), Campaigns.hunt(Reports.HOSTILE, Reports.HOSTILE));
        for (String name : List.of("index.html", "hunt/k/hunt.html")) {
            assertThat(page(name)).contains("&lt;script&gt;alert(1)").doesNotContain("<script>", "<img", "\u202e");
        }
    }

    @Test
    void drawsThePathWithItsDeadlyStretchAndItsLocks() throws IOException {
        CampaignFiles.write(report, Campaigns.sweep(60, "walk", "rdp.lock"));
        String page = page("sweep.html");
        assertThat(count(page, "<g class=\"bar deadly\"")).isEqualTo(1);
        assertThat(count(page, "<g class=\"bar safe\"")).isEqualTo(2);
        assertThat(count(page, "<g class=\"bar held\"")).isEqualTo(1);
        assertThat(count(page, "<g class=\"bar function\"")).isEqualTo(2);
        assertThat(count(page, "<details")).isEqualTo(2);
        assertThat(page)
                .contains("instructions 20 to 39: deadlocks, waits for rdp.lock")
                .contains("rdp.lock is held, instructions 20 to 39")
                .contains("An NMI before instruction 0 to 19 is safe; 20 to 39 deadlocks (rdp.lock); 40 to 59 is safe.")
                .contains("deadlocks (inferred)", "mov    0x25(%rdi),%rax")
                .contains("--anchor an-anchor");
    }

    @Test
    void drawsNothingDeadlyWhereNothingDeadlocks() throws IOException {
        SweepRecord deadly = Campaigns.sweep(60, "walk", "rdp.lock");
        List<SweepRecord.Point> safe = deadly.steps().stream()
                .filter(point -> point.verdict() == Verdict.CLEAN)
                .toList();
        CampaignFiles.write(
                report,
                new SweepRecord(
                        "a",
                        "debian:7.2",
                        "k",
                        "walk",
                        0,
                        "x",
                        1,
                        safe,
                        List.of(),
                        List.of(new SweepRecord.Stretch(0, 59, safe.size(), 0, Verdict.CLEAN, Optional.empty())),
                        deadly.path(),
                        List.of()));
        assertThat(page("sweep.html"))
                .contains("before 0 of them it deadlocks")
                .doesNotContain("bar deadly", "bar held", "v-DEADLOCK");
        assertThat(page("index.html")).doesNotContain("DEADLOCKS");
    }

    @Test
    void saysWhatOfALongPathIsNotDrawn() throws IOException {
        CampaignFiles.write(report, Campaigns.sweep(20_000, "walk", "rdp.lock"));
        assertThat(page("sweep.html"))
                .hasSizeLessThan(4_000_000)
                .contains("The picture has no room for all of it", "more instructions are in");
        CampaignFiles.write(report, Campaigns.sweep());
        assertThat(page("sweep.html")).doesNotContain("no room for all", "more instructions are in");
    }

    @Test
    void showsWhereTheCureCameTheRunsAndWhatWasSkipped() throws IOException {
        runs();
        CampaignFiles.write(report, Campaigns.bisect());
        String page = page("bisect.html");
        assertThat(page)
                .contains("map-reentry/lru was cured with debian:7.4 (7.1.3), and not yet with debian:7.3 (7.0.13).")
                .contains("99.3 %", "does not boot", "9 between, not run", "href=\"" + DEAD + "/index.html\"")
                .doesNotContain("none/such");
        assertThat(count(page, "<tr class=\"change\"")).isEqualTo(1);
        assertThat(count(page, "<g class=\"mark run-BAD\"")).isEqualTo(3);
        assertThat(count(page, "<g class=\"mark run-SKIP\"")).isEqualTo(1);
        assertThat(count(page, "<g class=\"mark run-GOOD\"")).isEqualTo(4);
        assertThat(page("index.html")).contains("Bisection of map-reentry/lru", "bisect.html");
    }

    @Test
    void marksNoChangeWhereNoneWasFound() throws IOException {
        BisectRecord found = Campaigns.bisect();
        runs();
        CampaignFiles.write(
                report,
                new BisectRecord(
                        "CANNOT TELL",
                        1,
                        found.runs(),
                        Optional.empty(),
                        found.to(),
                        Optional.empty(),
                        found.skipped(),
                        List.of("the good end is not good"),
                        found.reproducer(),
                        "cure",
                        found.lines(),
                        found.history()));
        assertThat(page("bisect.html"))
                .contains("It cannot be told where map-reentry/lru was cured", "the good end is not good")
                .doesNotContain("<tr class=\"change\"", ">the change<", " was cured with");
    }

    @Test
    void showsBothSidesOfAPatchAndWhatDiffers() throws IOException {
        runs();
        CampaignFiles.write(report, Campaigns.patch());
        String page = page("patch.html");
        assertThat(page)
                .contains("the bug showed in 3 of 3 runs: 100 %, by 95 % between 29 % and 100 %")
                .contains("the bug showed in 0 of 3 runs: 0 %, by 95 % between 0 % and 71 %")
                .contains("only without", "nmi_task_kptr.bpf.c:67", "No evidence.", "and 1 more")
                .contains("href=\"" + DEAD + "/index.html\"", "href=\"" + CLEAN + "/index.html\"")
                .doesNotContain("only with<");
        runs(Evidence.builder(EvidenceKind.WARNING, "another splat", "warning:x")
                .build());
        CampaignFiles.write(report, Campaigns.patch());
        assertThat(page("patch.html")).contains("only with<", "another splat");
    }

    @Test
    void drawsEveryValueOfABenchmark() throws IOException {
        CampaignFiles.write(report.resolve("bench-workload"), Campaigns.bench("events"));
        String page = page("bench-workload/bench.html");
        assertThat(count(page, "<g class=\"mark value\"")).isEqualTo(5 + 5 + 4 + 5 + 1);
        assertThat(count(page, "<g class=\"bar box\""))
                .as("one value has no box")
                .isEqualTo(4);
        assertThat(count(page, "<figure class=\"chart distribution\""))
                .as("those near each other share an axis, seconds and bytes do not")
                .isEqualTo(4);
        assertThat(page).contains("1.050 to 1.200", "27.0");
    }

    @Test
    void showsWhenASignatureWasSeenAndWhatIsFlaky() throws IOException {
        CampaignFiles.write(report, Campaigns.history("nmi-task-kptr", 5));
        assertThat(page("index.html"))
                .contains("History of nmi-task-kptr", "href=\"history.html\"")
                .contains("24 runs from 2026-01-01 to 2026-01-05, 1 signature, 1 flaky.");
        String page = page("history.html");
        assertThat(page)
                .contains("2026-01-02 to 2026-01-06", "7.2.12-cloud: 2026-01-02 to 2026-01-04")
                .contains("7.2.13-cloud: no report says when")
                .contains("<strong>flaky</strong>", "DEADLOCK 3, CLEAN 9", "12.3 s", "href=\"history.json\"");
        assertThat(count(page, "<strong>flaky</strong>")).isEqualTo(1);
        assertThat(page.indexOf("shaky nmi")).as("the flaky ones first").isLessThan(page.indexOf("steady nmi"));
        assertThat(count(page, "<g class=\"bar deadly\""))
                .as("days on which it was")
                .isEqualTo(3);
        assertThat(count(page, "<g class=\"bar safe\"")).isEqualTo(2);
        // What the chart shows is there in words, too.
        assertThat(count(page, "<title>2026-01-02: 1 of 4 (10 % to 50 %)</title>"))
                .isEqualTo(1);
        assertThat(page).contains("<th scope=\"row\">2026-01-02</th><td>1 of 4 (10 % to 50 %)</td>");
    }

    @Test
    void aWholeHistoryHasNoNameAndMayHaveNoDays() throws IOException {
        CampaignFiles.write(report, Campaigns.history("", 0));
        assertThat(page("history.html"))
                .contains("24 runs, 1 signature, 1 flaky.")
                .doesNotContain("<svg", " of all");
        CampaignFiles.write(report, Campaigns.history("", 1000));
        String page = page("history.html");
        assertThat(count(page, "<g class=\"bar ")).as("the last days").isEqualTo(60);
        assertThat(page).contains("2028-09-26").doesNotContain("2028-07-01");
    }

    @Test
    void letsNoWordBecomeCode() throws IOException {
        runs(Evidence.builder(EvidenceKind.WARNING, Reports.HOSTILE, Reports.HOSTILE)
                .build());
        CampaignFiles.write(report, Campaigns.bisect(8, Reports.HOSTILE, Reports.HOSTILE, Reports.HOSTILE));
        CampaignFiles.write(report, Campaigns.patch(Reports.HOSTILE, Reports.HOSTILE, CLEAN));
        CampaignFiles.write(report, Campaigns.sweep(200, Reports.HOSTILE, Reports.HOSTILE));
        CampaignFiles.write(report, Campaigns.bench(Reports.HOSTILE));
        CampaignFiles.write(report, Campaigns.history(Reports.HOSTILE, 3));
        for (String name :
                List.of("index.html", "bisect.html", "patch.html", "sweep.html", "bench.html", "history.html")) {
            String page = page(name);
            assertThat(page)
                    .as(name)
                    .contains("&lt;script&gt;alert(1)")
                    .doesNotContain("<script>", "<img", "\u202e", "\u0007");
            assertThat(page).doesNotContainPattern("<[^>]* (style|on[a-z]+)=").doesNotContain("<style");
        }
    }

    @Test
    void cutsNamesThatAreTooLong() throws IOException {
        String name = "n".repeat(4000);
        runs();
        CampaignFiles.write(report, Campaigns.bisect(3000, name, name, DEAD));
        CampaignFiles.write(report, Campaigns.patch(name, DEAD, CLEAN));
        CampaignFiles.write(report, Campaigns.sweep(200, name, name));
        CampaignFiles.write(report, Campaigns.bench(name));
        CampaignFiles.write(report, Campaigns.history(name, 3));
        for (String page : List.of("bisect.html", "patch.html", "sweep.html", "bench.html", "history.html")) {
            assertThat(page(page)).as(page).hasSizeLessThan(2_000_000).contains("nnn...");
        }
        assertThat(page("bisect.html")).contains("2000 more are in");
    }
}
