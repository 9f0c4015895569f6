// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import io.ksplat.results.ToolRecord;
import io.ksplat.results.internal.campaign.CampaignFiles;
import io.ksplat.results.internal.campaign.PatchRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** What those who know only tests see of a patch trial: its runs say nothing by themselves, and a series that breaks something is red. */
class TrialTestTest {
    @TempDir
    Path report;

    private static RunRecord run(int attempt, Verdict verdict) {
        return Runs.run("nmi-task-kptr", attempt, verdict, Verdict.DEADLOCK).toBuilder()
                .tool(ToolRecord.of("1", List.of("patch", "a.patch"), 1))
                .build();
    }

    private static PatchRecord trial(String series, String... reproducers) {
        return Runs.trial(
                series,
                "the reason [[ATTACHMENT|/etc/passwd]]",
                Stream.of(reproducers)
                        .map(verdict -> Runs.comparison(
                                "of-" + verdict.toLowerCase(Locale.ROOT).replace(' ', '-'),
                                verdict,
                                "why",
                                Optional.empty()))
                        .toList());
    }

    private Element written(PatchRecord trial) throws Exception {
        CampaignFiles.write(report, trial);
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(report.resolve("TEST-patch.xml").toFile())
                .getDocumentElement();
    }

    private static Map<String, String> outcomes(Element suite) {
        Map<String, String> all = new LinkedHashMap<>();
        NodeList tests = suite.getElementsByTagName("testcase");
        for (int i = 0; i < tests.getLength(); i++) {
            Element test = (Element) tests.item(i);
            String outcome = Stream.of("failure", "error", "skipped")
                    .filter(name -> test.getElementsByTagName(name).getLength() > 0)
                    .findFirst()
                    .orElse("passed");
            all.put(test.getAttribute("name"), outcome);
        }
        return all;
    }

    @Test
    void whatSpeaksAgainstTheSeriesFails() throws Exception {
        Element suite =
                written(trial("BREAKS", "BREAKS", "DOES NOT CURE", "CURES", "CHANGES NOTHING", "NO BUG ON BASE", ""));
        assertThat(outcomes(suite))
                .containsExactly(
                        entry("of-breaks", "failure"),
                        entry("of-does-not-cure", "failure"),
                        entry("of-cures", "passed"),
                        entry("of-changes-nothing", "passed"),
                        entry("of-no-bug-on-base", "skipped"),
                        entry("of-", "skipped"),
                        entry("the series", "failure"));
        assertThat(suite.getAttribute("tests")).isEqualTo("7");
        assertThat(suite.getAttribute("failures")).isEqualTo("3");
        assertThat(suite.getAttribute("skipped")).isEqualTo("2");
        JUnitDialectsTest.followsJenkins(suite);
    }

    @Test
    void aCurePasses() throws Exception {
        assertThat(outcomes(written(trial("CURES", "CURES"))).values()).containsOnly("passed");
    }

    @Test
    void whatCannotBeToldIsNoPass() throws Exception {
        for (String verdict : List.of("CANNOT TELL", "NO BUG ON BASE", "CHANGES")) {
            Element suite = written(trial(verdict, verdict));
            assertThat(outcomes(suite)).as(verdict).containsEntry("the series", "error");
            assertThat(suite.getAttribute("errors")).isEqualTo("1");
        }
    }

    @Test
    void aTitleAttachesNoFile() throws Exception {
        assertThat(written(trial("BREAKS", "BREAKS")).getTextContent()).doesNotContain("[[ATTACHMENT");
    }

    @Test
    void nextSessionForgetsIt() throws IOException {
        CampaignFiles.write(report, trial("CURES", "CURES"));
        CampaignFiles.forget(report);
        assertThat(Files.exists(report.resolve("TEST-patch.xml"))).isFalse();
    }

    @Test
    void itsRunsSayNothingByThemselves() throws IOException {
        RunRecord cured = run(1, Verdict.CLEAN);
        RunRecord shown = run(2, Verdict.DEADLOCK);
        News news = new News(List.of(), KnownReports.NONE, LocalDate.of(2026, 12, 1));
        assertThat(List.of(cured, shown)).extracting(TestStatus::of).containsOnly(TestStatus.SKIPPED);
        assertThat(TestStatus.summary(cured)).startsWith("CLEAN, judged together by patch: ");
        assertThat(news.text(List.of(cured, shown))).isEmpty();
        assertThat(GithubAnnotations.of(List.of(cured, shown), news, report)).isEmpty();
        assertThat(TestStatus.of(run(3, Verdict.ERROR)))
                .as("nobody hopes for that")
                .isEqualTo(TestStatus.ERROR);
    }

    @Test
    void ktapHasThemBehindTheRuns() {
        assertThat(Ktap.of(List.of(run(1, Verdict.CLEAN)), Optional.of(trial("BREAKS", "BREAKS"))))
                .startsWith("KTAP version 1\n1..3\nok 1 nmi-task-kptr on ")
                .contains(" # SKIP CLEAN, judged together by patch: ")
                .contains("\nnot ok 2 patch of-breaks # BREAKS: why\n")
                .contains("\nnot ok 3 patch the series # BREAKS: the reason");
    }
}
