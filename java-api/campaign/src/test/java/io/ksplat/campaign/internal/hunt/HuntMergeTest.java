// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.campaign.internal.hunt.HuntResult.Answer;
import io.ksplat.campaign.internal.hunt.HuntResult.Finding;
import io.ksplat.campaign.internal.hunt.HuntResult.Tried;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HuntMergeTest {
    private static final List<Operation> OPERATIONS = Operations.named(List.of("map-update"));
    private static final Coverage COVERAGE = new Coverage(
            new Coverage.Uncovered(List.of("BPF_MAP_TYPE_DEVMAP"), List.of(), List.of(), List.of()), List.of());

    @TempDir
    Path folder;

    private int joints;

    /** Writes the report of a hunt for a third of the operations, the first, second or last. */
    private Path hunted(int third, long seed, boolean fails) throws IOException {
        return hunted((fails ? "failed-" : "hunt-") + third + "-" + seed, third(third), seed, fails);
    }

    private Path hunted(String name, List<Operation> operations, long seed, boolean fails) throws IOException {
        return hunted(
                name,
                operations,
                seed,
                operation -> Tried.without(
                        operation,
                        HuntMode.NMI,
                        fails ? Answer.INCONCLUSIVE : Answer.REJECTED,
                        Optional.of("why"),
                        fails));
    }

    private Path hunted(String name, List<Operation> operations, long seed, Function<Operation, Tried> answers)
            throws IOException {
        Path report = folder.resolve(name);
        Path own = Files.createDirectories(report.resolve("hunt/debian-6.12"));
        HuntFile file = HuntFile.open(
                own,
                new HuntRequest(
                        "debian:6.12",
                        operations,
                        new HuntScope(HuntMode.NMI, 12, false, seed),
                        Duration.ofMinutes(1),
                        1),
                "key",
                COVERAGE);
        for (Operation operation : operations) {
            file.add(answers.apply(operation));
            Files.writeString(own.resolve(operation.name().replace('/', '-') + ".java"), "");
        }
        return report;
    }

    private static List<Operation> third(int number) {
        int each = OPERATIONS.size() / 3;
        return OPERATIONS.subList((number - 1) * each, number == 3 ? OPERATIONS.size() : number * each);
    }

    private static List<String> names(HuntResult result) {
        return result.operations().stream().map(Tried::name).toList();
    }

    @Test
    void allPartsAreOneHunt() throws IOException {
        Path one = hunted(1, 1, false);
        Path two = hunted(2, 1, false);
        Path three = hunted(3, 1, false);
        Path out = folder.resolve("joint");

        HuntResult joint = HuntMerge.into(List.of(three, one, two), out).hunts().get(0);

        assertThat(names(joint))
                .containsExactlyElementsOf(
                        OPERATIONS.stream().map(Operation::name).toList());
        assertThat(joint.untried()).isEmpty();
        assertThat(joint.uncovered().maps()).containsExactly("BPF_MAP_TYPE_DEVMAP");
        assertThat(HuntFile.read(out.resolve("hunt/debian-6.12/hunt.json"))).isEqualTo(joint);
        assertThat(out.resolve("hunt/debian-6.12/map-update-array.java")).exists();
        assertThat(HuntMerge.into(List.of(one, two, one, three), folder.resolve("again"))
                        .hunts())
                .containsExactly(joint);
    }

    @Test
    void whatIsMissingIsNamed() throws IOException {
        List<String> second = third(2).stream().map(Operation::name).toList();
        HuntResult joint = HuntMerge.into(
                        List.of(hunted(1, 1, false), hunted(3, 1, false)),
                        kernel -> kernel.equals("debian:6.12") ? second : List.of(),
                        folder.resolve("joint"))
                .hunts()
                .get(0);
        assertThat(joint.untried()).containsExactlyElementsOf(second);
    }

    /** What an NMI does else is no operation of the list. */
    @Test
    void whatAnNmiDoesElseIsJoinedAndMissed() throws IOException {
        List<Operation> pairs =
                Operations.named(List.of("map-update/hash+map-delete/hash", "map-update/array+map-pop/queue"));
        Path alone = hunted("alone", OPERATIONS, 1, false);
        Path second = hunted("second", pairs.subList(1, 2), 1, false);
        for (List<Path> order : List.of(List.of(alone, second), List.of(second, alone))) {
            HuntResult joint = HuntMerge.into(
                            order,
                            kernel -> pairs.stream().map(Operation::name).toList(),
                            folder.resolve("joint-of-" + order.indexOf(alone)))
                    .hunts()
                    .get(0);
            assertThat(names(joint))
                    .hasSize(OPERATIONS.size() + 1)
                    .containsSubsequence(
                            "map-update/array", "map-update/array+map-pop/queue", "map-update/percpu-array");
            assertThat(joint.untried()).containsExactly("map-update/hash+map-delete/hash");
        }
    }

    @Test
    void whatFailedSomewhereCountsIfNobodyDidBetter() throws IOException {
        Path fails = hunted(1, 1, true);
        assertThat(HuntMerge.into(List.of(fails), folder.resolve("one"))
                        .hunts()
                        .get(0)
                        .hasFailed())
                .isTrue();
        Path better = hunted(1, 1, false);
        for (List<Path> order : List.of(List.of(fails, better), List.of(better, fails))) {
            assertThat(HuntMerge.into(order, folder.resolve("two"))
                            .hunts()
                            .get(0)
                            .hasFailed())
                    .isFalse();
        }
    }

    private static Finding finding(String lock) {
        return new Finding("cpu-stuck:" + lock, lock, "f+0x1", "f+0x9", 3, true, false, Optional.empty(), lock);
    }

    private Path answering(String name, Answer answer, boolean fails, String... locks) throws IOException {
        return hunted(
                name,
                OPERATIONS.subList(0, 1),
                1,
                operation -> new Tried(
                        operation.name(),
                        HuntMode.NMI,
                        answer,
                        100,
                        12,
                        12,
                        List.of(),
                        Arrays.stream(locks).map(HuntMergeTest::finding).toList(),
                        Optional.empty(),
                        fails));
    }

    private Tried joint(Path... reports) throws IOException {
        return HuntMerge.into(List.of(reports), folder.resolve("joint-" + joints++))
                .hunts()
                .get(0)
                .operations()
                .get(0);
    }

    @Test
    void theWorstAnswerCountsWithAllFindings() throws IOException {
        Path safe = answering("a", Answer.SAFE, false);
        Path oneLock = answering("b", Answer.DEADLOCK, false, "x");
        Path twoLocks = answering("c", Answer.DEADLOCK, false, "x", "y");
        Path crash = answering("d", Answer.CRASH, false, "z");
        Path failed = answering("e", Answer.INCONCLUSIVE, true);

        Tried joint = joint(safe, oneLock, twoLocks, crash, failed);
        assertThat(joint.answer()).isEqualTo(Answer.DEADLOCK);
        assertThat(joint.findings()).containsExactly(finding("x"), finding("y"), finding("z"));
        assertThat(joint.message()).contains("other hunts say CRASH, SAFE");
        assertThat(joint.failed()).isFalse();
        assertThat(joint(failed, crash, twoLocks, oneLock, safe)).isEqualTo(joint);
        // The folders' names have another order.
        assertThat(joint(
                        answering("f", Answer.DEADLOCK, false, "x", "y"),
                        answering("g", Answer.CRASH, false, "z"),
                        answering("h", Answer.SAFE, false)))
                .isEqualTo(joint);
        assertThat(joint(answering("i", Answer.DEADLOCK, true, "x"), safe).findings())
                .as("what a hunt found that failed elsewhere")
                .containsExactly(finding("x"));
    }

    @Test
    void onlyWhatEachFoundSafeIsSafe() throws IOException {
        Path safe = answering("a", Answer.SAFE, false);
        assertThat(joint(safe, answering("b", Answer.SAFE, false)).answer()).isEqualTo(Answer.SAFE);
        assertThat(joint(safe, answering("c", Answer.INCONCLUSIVE, true)).answer())
                .as("ksplat failed there")
                .isEqualTo(Answer.SAFE);
        Tried doubted = joint(safe, answering("d", Answer.INCONCLUSIVE, false));
        assertThat(doubted.answer()).isEqualTo(Answer.INCONCLUSIVE);
        assertThat(doubted.message()).contains("other hunts say SAFE");
        assertThat(joint(safe, answering("e", Answer.REFUSED, false)).answer()).isEqualTo(Answer.REFUSED);
    }

    @Test
    void anotherHuntIsRefused() throws IOException {
        List<Path> two = List.of(hunted(1, 1, false), hunted(2, 2, false));
        assertThatThrownBy(() -> HuntMerge.into(two, folder.resolve("joint")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("are of different hunts");
    }

    @Test
    void aDamagedFileIsNamed() throws IOException {
        Path report = hunted(1, 1, false);
        Files.writeString(report.resolve("hunt/debian-6.12/hunt.json"), "{\"kernel\":");
        assertThatThrownBy(() -> HuntMerge.into(List.of(report), folder.resolve("joint")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("hunt.json is not what a hunt wrote: ");
    }
}
