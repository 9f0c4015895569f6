// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.ConsoleParser;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Task;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.Runs;
import io.ksplat.results.internal.StoredRun;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written is read back, whole. */
class RoundTripTest {
    private static final Path LOGS = Path.of("../evidence/src/test/resources");

    @TempDir
    Path folder;

    private List<RunRecord> roundTrip(List<RunRecord> runs) throws IOException {
        Path file = folder.resolve("results.json");
        try (OutputStream out = Files.newOutputStream(file)) {
            ReportJson.writeResults(out, runs);
        }
        return ReportJson.readResults(file);
    }

    private static RunRecord with(List<Evidence> evidence) {
        return Runs.run("a", 1, Verdict.CRASH, Verdict.CLEAN).toBuilder()
                .evidence(evidence)
                .build();
    }

    private static Evidence telling(Details details) {
        return new Evidence(
                EvidenceKind.OTHER,
                "t",
                "s",
                List.of(),
                List.of(),
                List.of(),
                Source.PROGRAM,
                OptionalDouble.empty(),
                details);
    }

    @Test
    void ofEveryField() throws IOException {
        List<RunRecord> runs = List.of(
                Runs.whole(),
                RunRecord.of("b", Runs.KERNEL, 1).build(),
                Runs.run("a", 1, Verdict.CLEAN, Verdict.CLEAN));
        assertThat(roundTrip(runs)).isEqualTo(runs);
    }

    @Test
    void ofARunAlone() throws IOException {
        Path file = folder.resolve("run.json");
        StoredRun run = new StoredRun(
                Runs.whole(), Instant.parse("2026-01-01T00:00:00Z"), Instant.parse("2026-01-01T00:00:02.5Z"));
        try (OutputStream out = Files.newOutputStream(file)) {
            ReportJson.writeRun(out, run);
        }
        assertThat(ReportJson.readRun(file)).isEqualTo(run);
        assertThat(file).content().doesNotContain("unfinished");
    }

    @Test
    void ofEveryReportInTheParsersTests() throws IOException {
        List<Evidence> all = new ArrayList<>();
        try (Stream<Path> files = Files.walk(LOGS)) {
            for (Path log : files.filter(file -> file.toString().matches(".*(golden/.*\\.log|kinds/.*\\.txt)"))
                    .sorted()
                    .toList()) {
                all.addAll(ConsoleParser.parse(Files.readAllBytes(log)));
            }
        }
        assertThat(all).hasSizeGreaterThan(100);
        assertThat(roundTrip(List.of(with(all))).get(0).evidence()).isEqualTo(all);
        Set<Class<?>> seen = new HashSet<>();
        all.forEach(found -> seen.add(found.details().getClass()));
        assertThat(seen).hasSizeGreaterThan(5);
    }

    @Test
    void ofEveryTypeOfDetails() throws IOException {
        Optional<Task> task = Optional.of(new Task("t", 1));
        List<Details> all = List.of(
                new Details.None(),
                new Details.Locks(
                        Optional.empty(),
                        List.of(),
                        List.of(),
                        List.of(),
                        Optional.empty(),
                        Optional.empty(),
                        List.of()),
                new Details.Stall(
                        List.of(1), OptionalInt.of(2), OptionalDouble.of(3.5), OptionalDouble.of(4), List.of()),
                new Details.Hang(new Task("h", 2), 120, Optional.of(new Details.Blocker("mutex", task))),
                new Details.Spinlock(
                        "bad magic", OptionalInt.of(1), task, Optional.of("dead4ead"), task, OptionalInt.of(-1)),
                new Details.Access("Read", OptionalInt.of(8), Optional.of("ffff"), task, Optional.of("kmalloc-64")),
                new Details.Fault(java.util.Map.of("rip", "0", "rax", "1"), task, Optional.of("<0f> 0b")),
                Runs.stuck().details(),
                new Details.Panic("Fatal exception"),
                new Details.Stream("AA deadlock", Optional.of("ffff"), List.of("eeee"), task));
        assertThat(all.stream().map(Object::getClass))
                .as("types of details without a round trip")
                .containsAll(Arrays.asList(Details.class.getPermittedSubclasses()));
        List<Evidence> evidence = all.stream().map(RoundTripTest::telling).toList();
        assertThat(roundTrip(List.of(with(evidence))).get(0).evidence()).isEqualTo(evidence);
    }

    @Test
    void ofTextOfAnyKind() throws IOException {
        String hostile = "\u0000\u0007\"\\<&]]>\u2028\ud83d\ude00 \uffff \u001b[31m";
        List<RunRecord> runs = List.of(with(List.of(Runs.deadlock(hostile))).toBuilder()
                .notes(List.of(hostile))
                .message(hostile)
                .build());
        assertThat(roundTrip(runs)).isEqualTo(runs);
        RunRecord half =
                with(List.of()).toBuilder().message("a \ud800 b \udc00").build();
        assertThat(roundTrip(List.of(half)).get(0).message()).contains("a \ufffd b \ufffd");
    }
}
