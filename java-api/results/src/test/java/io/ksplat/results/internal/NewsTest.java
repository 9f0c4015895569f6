// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NewsTest {
    private static final LocalDate TODAY = LocalDate.of(2026, 12, 1);
    private static final RunRecord DEADLOCK = Runs.run("nmi-task-kptr", 1, Verdict.DEADLOCK, Verdict.CLEAN);

    @TempDir
    Path folder;

    private static News since(RunRecord... before) {
        return new News(List.of(before), KnownReports.NONE, TODAY);
    }

    private News known(String until) throws IOException {
        String signature = DEADLOCK.evidence().get(0).signature();
        Path file = Files.writeString(folder.resolve("known"), signature + " | " + until + " | reported\n");
        return new News(List.of(), KnownReports.read(file), TODAY);
    }

    @Test
    void aSignatureIsNewUntilAnEarlierReportHasIt() {
        assertThat(since().isIn(DEADLOCK)).isTrue();
        assertThat(since().text(List.of(DEADLOCK)))
                .startsWith("new: nmi-task-kptr on ")
                .contains(DEADLOCK.evidence().get(0).signature());
        // Of whatever reproducer: a bug is one bug.
        News after = since(Runs.run("nmi-cgroup-kptr", 7, Verdict.DEADLOCK, Verdict.DEADLOCK));
        assertThat(after.isIn(DEADLOCK)).isFalse();
        assertThat(after.text(List.of(DEADLOCK))).startsWith("not new: ").contains("the same signature");
    }

    /** Where the earlier report is of a kernel with the bug and of one without it, the second one may lose its cure. */
    @Test
    void aSignatureOfAnotherKernelIsNews() {
        RunRecord older = Runs.run("nmi-task-kptr", 1, Verdict.DEADLOCK, Verdict.DEADLOCK).toBuilder()
                .kernel(new KernelName("debian:6.12", "6.12.118+deb13-cloud-amd64", "6.12.118-cloud"))
                .build();
        RunRecord cured = Runs.run("nmi-task-kptr", 1, Verdict.CLEAN, Verdict.CLEAN);
        assertThat(older.evidence().get(0).signature())
                .isEqualTo(DEADLOCK.evidence().get(0).signature());
        assertThat(since(older, cured).isIn(DEADLOCK)).isTrue();
        assertThat(since(older, DEADLOCK).isIn(DEADLOCK)).isFalse();
    }

    @Test
    void aKnownSignatureCountsAgainAfterItsDay() throws IOException {
        assertThat(known("2026-12-01").isIn(DEADLOCK)).isFalse();
        assertThat(known("2026-11-30").isIn(DEADLOCK)).isTrue();
    }

    @Test
    void oneNewSignatureBesideAKnownOneIsNews() throws IOException {
        RunRecord two = DEADLOCK.toBuilder()
                .evidence(List.of(DEADLOCK.evidence().get(0), Runs.stuck()))
                .build();
        assertThat(Runs.stuck().signature())
                .isNotEqualTo(DEADLOCK.evidence().get(0).signature());
        assertThat(known("2026-12-31").isIn(two)).isTrue();
    }

    @Test
    void aVerdictWithoutEvidenceIsNewUntilItWasReachedThere() {
        RunRecord clean = Runs.run("nmi-task-kptr", 1, Verdict.CLEAN, Verdict.DEADLOCK);
        assertThat(since().isIn(clean)).isTrue();
        assertThat(since(DEADLOCK).isIn(clean)).isTrue();
        assertThat(since(clean).isIn(clean)).isFalse();
        assertThat(since(Runs.run("nmi-cgroup-kptr", 1, Verdict.CLEAN, Verdict.DEADLOCK))
                        .isIn(clean))
                .as("of another reproducer")
                .isTrue();
    }

    @Test
    void whatTellsNothingOfTheKernelIsNeverExcused() {
        for (Verdict verdict : List.of(Verdict.INCONCLUSIVE, Verdict.ERROR)) {
            RunRecord run = Runs.run("nmi-task-kptr", 1, verdict, Verdict.CLEAN);
            assertThat(since(run).isIn(run)).as(verdict.name()).isTrue();
        }
    }

    @Test
    void whatIsAsExpectedIsNoNews() {
        RunRecord expected = Runs.run("nmi-task-kptr", 1, Verdict.DEADLOCK, Verdict.DEADLOCK);
        assertThat(since().isIn(expected)).isFalse();
        assertThat(since().text(List.of(expected))).isEmpty();
    }
}
