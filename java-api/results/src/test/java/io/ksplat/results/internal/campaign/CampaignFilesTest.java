// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.campaign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CampaignFilesTest {
    private static final SweepRecord SWEEP = new SweepRecord(
            "nmi-task-kptr",
            "debian:7.2",
            "7.2.13",
            "walk",
            1,
            "an-anchor",
            1.5,
            List.of(
                    point(3, Verdict.DEADLOCK, Optional.of("rdp.lock"), Optional.empty()),
                    point(4, Verdict.ERROR, Optional.empty(), Optional.of("no answer"))),
            List.of(point(5, Verdict.CLEAN, Optional.empty(), Optional.empty())),
            List.of(new SweepRecord.Stretch(3, 3, 1, 0, Verdict.DEADLOCK, Optional.of("rdp.lock"))),
            List.of(0xffffffff81000003L, 0xffffffff81000004L, 0xffffffff81000005L),
            List.of(new SweepRecord.Function(
                    "walk",
                    0xffffffff81000000L,
                    16,
                    List.of(new SweepRecord.Instruction(3, "nop", "D", List.of(3), 2, Optional.of("rdp.lock"))))));

    private static final BisectRecord BISECT = new BisectRecord(
            "FOUND",
            0.01,
            2,
            Optional.of(new BisectRecord.End("debian:7.0", "7.0.13")),
            Optional.of(new BisectRecord.End("debian:7.1", "7.1.3")),
            Optional.empty(),
            List.of(new BisectRecord.Skipped("debian:7.0.9", "does not boot")),
            List.of("a remark"),
            "map-reentry/lru",
            "cure",
            List.of(new BisectRecord.Line(
                    "the trunk",
                    List.of(
                            new BisectRecord.Member("debian:7.0", Optional.empty(), 1, 2, 2, false, 0.01),
                            new BisectRecord.Member("debian:7.0.1", Optional.of("debian:7.0.9"), 4, 0, 0, true, 0.9)))),
            List.of(new BisectRecord.Run(
                    "debian:7.0", OptionalInt.of(4), "BAD", "DEADLOCK: title", Optional.of("map/7.0.13/1"))));

    private static final PatchRecord PATCH = new PatchRecord(
            "CURES",
            0.04,
            new PatchRecord.Sides(3, 3),
            new PatchRecord.Sides(3, 0),
            "why",
            "0123 (\"base\")",
            "lockdep",
            List.of("a patch"),
            List.of(new PatchRecord.After("1/1 \"a patch\"", "CURES")),
            List.of(new PatchRecord.Comparison(
                    "nmi-task-kptr",
                    Optional.of("CURES"),
                    0.04,
                    "why",
                    new PatchRecord.Side(3, 3, 0.29, 1, List.of("a/b/1", "a/b/2", "a/b/3")),
                    new PatchRecord.Side(0, 3, 0, 0.71, List.of("a/c/1")),
                    Optional.of(new PatchRecord.Place("kernel/bpf/helpers.c", 2312, "bpf_task_release")))));

    private static final BenchRecord BENCH = new BenchRecord(
            "restore",
            Map.of("host", "2 CPUs"),
            List.of(new BenchRecord.Figure("restoreMs", "ms", 2, 1, 3, 3, List.of(1.0, 2.0, 3.0))),
            List.of(
                    new BenchRecord.Ratio("a/b", 1.5, OptionalDouble.of(1.4), OptionalDouble.of(1.6)),
                    new BenchRecord.Ratio("c/d", 2, OptionalDouble.empty(), OptionalDouble.empty())));

    @TempDir
    Path report;

    private static SweepRecord.Point point(
            int n, Verdict verdict, Optional<String> waitsFor, Optional<String> message) {
        return new SweepRecord.Point(
                n,
                0xffffffff81000000L + n,
                "walk",
                n,
                verdict,
                waitsFor,
                List.of("outer"),
                List.of("a title"),
                message);
    }

    /** Who asks for the trial of a report needs none of its other records. */
    @Test
    void theTrialIsReadAlone() throws IOException {
        assertThat(CampaignFiles.trial(report)).isEmpty();
        CampaignFiles.write(report, PATCH);
        Files.writeString(report.resolve("bisect.json"), "{");
        assertThat(CampaignFiles.trial(report)).contains(PATCH);
        assertThatThrownBy(() -> CampaignFiles.of(report)).isInstanceOf(IOException.class);
    }

    @Test
    void readsWhatItWrote() throws IOException {
        CampaignFiles.write(report, BISECT);
        CampaignFiles.write(report, PATCH);
        CampaignFiles.write(report.resolve("sweep").resolve("nmi-task-kptr"), SWEEP);
        CampaignFiles.write(report.resolve("bench-restore"), BENCH);
        assertThat(CampaignFiles.of(report))
                .containsExactly(
                        new CampaignFiles.Stored("", BISECT),
                        new CampaignFiles.Stored("", PATCH),
                        new CampaignFiles.Stored("sweep/nmi-task-kptr/", SWEEP),
                        new CampaignFiles.Stored("bench-restore/", BENCH));
        assertThat(CampaignFiles.of(report.resolve("bench-restore")))
                .as("its own folder is a report, too")
                .containsExactly(new CampaignFiles.Stored("", BENCH));
    }

    @Test
    void readsTheSweepOfAnOlderKsplat() throws IOException {
        Files.writeString(
                report.resolve("sweep.json"),
                "{\"reproducer\":\"a\",\"kernel\":\"debian:7.2\",\"key\":\"k\",\"from\":\"walk\",\"cpu\":0,\"anchor\":\"x\","
                        + "\"seconds\":1.5,\"steps\":[{\"n\":0,\"address\":\"0xffffffff81000000\",\"function\":\"walk\","
                        + "\"offset\":0,\"verdict\":\"CLEAN\",\"waitsFor\":null,\"holds\":[]}],\"refined\":[],\"stretches\":[]}\n");
        SweepRecord sweep = (SweepRecord) CampaignFiles.of(report).get(0).record();
        assertThat(sweep.steps()).hasSize(1);
        assertThat(sweep.path()).isEmpty();
    }

    @Test
    void saysWhatIsWrongWithADamagedOne() throws IOException {
        CampaignFiles.write(report, PATCH);
        Path file = report.resolve("patch.json");
        Files.writeString(file, Files.readString(file).replace("\"seen\":3", "\"seen\":\"three\""));
        assertThatThrownBy(() -> CampaignFiles.of(report))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("patch.json is damaged: reproducers[0].base.seen is no number of 32 bits: three");
        Files.writeString(file, "{\"verdict\":");
        assertThatThrownBy(() -> CampaignFiles.of(report)).hasMessageContaining("it is no JSON");
    }

    /** The next session's runs are others: an old answer must not stand above them. And what ksplat did not write stays. */
    @Test
    void isForgottenWithTheRuns() throws IOException {
        CampaignFiles.write(report, BISECT);
        CampaignFiles.write(report, SWEEP);
        CampaignFiles.write(report, BENCH);
        Path own = Files.writeString(report.resolve("patch.json"), "{\"verdict\": \"mine\"}");
        RunLog.in(report).close();
        try (var files = Files.list(report)) {
            assertThat(files)
                    .contains(own)
                    .noneMatch(file -> file.getFileName().toString().matches("(bisect|sweep|bench)\\.json"));
        }
    }
}
