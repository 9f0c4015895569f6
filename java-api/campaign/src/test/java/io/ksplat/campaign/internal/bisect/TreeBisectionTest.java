// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bisect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.campaign.ScriptedKernels;
import io.ksplat.campaign.Trial;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.build.BuildFailedException;
import io.ksplat.kernel.internal.build.KernelTree;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.BiFunction;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bisects a repository of forty commits; the number in the only file of a commit is the script of its kernel. */
@Tag("full")
class TreeBisectionTest {
    private static final int COMMITS = 40;
    private static final int FIRST_BAD = 23;

    @TempDir
    Path folder;

    private Path tree;
    private Path state;
    private final Map<String, Integer> numbers = new HashMap<>();

    @BeforeEach
    void makeTree() throws Exception {
        tree = Files.createDirectories(folder.resolve("linux"));
        state = folder.resolve("state.json");
        git("init", "-q", "-b", "main");
        for (int i = 0; i < COMMITS; i++) {
            commit(i, i % 4 == 3 ? "kernel" : "drivers");
        }
    }

    @Test
    void theCommitIsFoundAndGitAgrees() throws Exception {
        Bisection found = bisect(question("c0", "c39"), this::sure, Set.of());

        assertThat(found.found()).isTrue();
        assertThat(found.commit()).contains(id("c23"));
        assertThat(found.from().orElseThrow().spec()).contains(id("c22"));
        assertThat(found.errorBound()).isLessThan(0.05);
        assertThat(replay()).contains(id("c23") + " is the first bad commit");
    }

    @Test
    void aCureIsFoundTheOtherWayRound() throws Exception {
        BisectState.Question question = new BisectState.Question(
                tree.toRealPath().toString(),
                ScriptedKernels.ID,
                "plain",
                BisectGoal.CURE,
                id("c39"),
                id("c0"),
                false,
                List.of());
        Bisection found = bisect(
                question,
                (kernel, attempt) -> number(kernel) < FIRST_BAD
                        ? ScriptedKernels.deadlock(kernel, attempt, "bug")
                        : ScriptedKernels.clean(kernel, attempt),
                Set.of());

        assertThat(found.commit()).contains(id("c23"));
        assertThat(found.from().orElseThrow().spec()).contains(id("c22"));
        assertThat(replay()).contains(id("c23") + " is the first fixed commit");
    }

    @Test
    void aBugThatShowsInAThirdOfAllRunsIsFound() throws Exception {
        Random random = new Random(3);
        Bisection found = bisect(
                question("c0", "c39"),
                (kernel, attempt) ->
                        random.nextInt(3) == 0 ? sure(kernel, attempt) : ScriptedKernels.clean(kernel, attempt),
                Set.of());

        assertThat(found.commit()).contains(id("c23"));
        assertThat(replay()).contains(id("c23") + " is the first bad commit");
    }

    @Test
    void whatDoesNotBuildIsSkippedWithItsReason() throws Exception {
        Bisection found = bisect(question("c0", "c39"), this::sure, Set.of("c18", "c19", "c20", "c29", "c30"));

        assertThat(found.commit()).contains(id("c23"));
        assertThat(found.skipped())
                .isNotEmpty()
                .allSatisfy(each -> assertThat(each.reason()).contains("does not build"));
    }

    @Test
    void manyThatDoNotBuildAreNoReasonToGiveUp() throws Exception {
        Set<String> broken = new HashSet<>();
        for (int i = 3; i < 21; i++) {
            broken.add("c" + i);
        }

        assertThat(bisect(question("c0", "c39"), this::sure, broken).commit()).contains(id("c23"));
    }

    @Test
    void aHarnessThatFailsIsNoReasonToSkipAllCommits() {
        assertThatThrownBy(() -> bisect(
                        question("c0", "c39"),
                        (kernel, attempt) ->
                                number(kernel) == 39 ? sure(kernel, attempt) : ScriptedKernels.error(kernel, attempt),
                        Set.of()))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining("told nothing");
    }

    @Test
    void whereTheOneIsHiddenBehindSkippedOnesAllOfThemAreNamed() throws Exception {
        Bisection found = bisect(question("c0", "c39"), this::sure, Set.of("c22", "c23", "c24"));

        assertThat(found.found()).isFalse();
        assertThat(found.remarks()).anyMatch(remark -> remark.contains("kernel 23") || remark.contains("commit 23"));
        assertThat(found.from().orElseThrow().spec()).contains(id("c21"));
        assertThat(found.to().orElseThrow().spec()).contains(id("c25"));
    }

    @Test
    void anotherSplatIsSkippedAndListed() throws Exception {
        Bisection found = bisect(
                question("c0", "c39"),
                (kernel, attempt) -> number(kernel) >= 10 && number(kernel) < 20
                        ? ScriptedKernels.deadlock(kernel, attempt, "another")
                        : sure(kernel, attempt),
                Set.of());

        assertThat(found.commit()).contains(id("c23"));
        assertThat(found.skipped())
                .isNotEmpty()
                .allSatisfy(each -> assertThat(each.reason()).contains("another"));
    }

    @Test
    void whoIsKilledGoesOnAfterTheLastRun() throws Exception {
        int[] runs = {0};
        BiFunction<KernelSpec, Integer, RunRecord> dying = (kernel, attempt) -> {
            if (++runs[0] % 3 == 0) {
                throw new IllegalStateException("killed");
            }
            return sure(kernel, attempt);
        };
        int lives = 0;
        while (true) {
            try {
                Bisection found = bisect(question("c0", "c39"), dying, Set.of());
                assertThat(found.commit()).contains(id("c23"));
                break;
            } catch (IllegalStateException killed) {
                lives++;
                assertThat(BisectState.read(state).orElseThrow().runs()).hasSize(2 * lives);
            }
        }
        assertThat(lives).isGreaterThan(2);
    }

    @Test
    void theStateOfAnotherQuestionIsNotGoneOnWith() throws Exception {
        bisect(question("c0", "c39"), this::sure, Set.of());

        assertThatThrownBy(() -> bisect(question("c1", "c39"), this::sure, Set.of()))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining("another bisection");
    }

    /** Its runs have its id alone, whatever tells it from others. */
    @Test
    void aChangedFileIsAnotherQuestion() throws Exception {
        assertThat(bisect(of("sha256:aa"), this::sure, Set.of()).commit()).contains(id("c23"));

        assertThatThrownBy(() -> bisect(of("sha256:ab"), this::sure, Set.of()))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining("another bisection");
    }

    private BisectState.Question of(String digest) throws Exception {
        return new BisectState.Question(
                tree.toRealPath().toString(),
                ScriptedKernels.ID + " " + digest,
                "plain",
                BisectGoal.CAUSE,
                id("c0"),
                id("c39"),
                false,
                List.of());
    }

    @Test
    void aDamagedStateIsNotTakenForAnEmptyOne() throws Exception {
        Files.writeString(state, "{\"question\":");

        assertThatThrownBy(() -> bisect(question("c0", "c39"), this::sure, Set.of()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("--state");
    }

    @Test
    void onlyWhatTouchesThePathsIsLookedAt() throws Exception {
        BisectState.Question limited = new BisectState.Question(
                tree.toRealPath().toString(),
                ScriptedKernels.ID,
                "plain",
                BisectGoal.CAUSE,
                id("c0"),
                id("c39"),
                false,
                List.of("kernel"));
        List<Integer> asked = new ArrayList<>();
        Bisection found = bisect(
                limited,
                (kernel, attempt) -> {
                    asked.add(number(kernel));
                    return sure(kernel, attempt);
                },
                Set.of());

        assertThat(found.commit()).contains(id("c23"));
        assertThat(asked).allMatch(number -> number % 4 == 3 || number == 0 || number == 39);
    }

    @Test
    void aMergeIsFollowedIntoWhatItMerged() throws Exception {
        git("checkout", "-q", "-b", "side", "c39");
        for (int i = 100; i < 108; i++) {
            commit(i, "side");
        }
        git("checkout", "-q", "main");
        commit(50, "kernel");
        git("-c", "user.name=A", "-c", "user.email=a@example.org", "merge", "-q", "--no-ff", "-m", "Merge", "side");
        git("tag", "merge");
        numbers.put(id("merge"), 108);
        commit(51, "kernel");
        Set<Integer> bad = Set.of(104, 105, 106, 107, 108, 51);
        Bisection found = bisect(
                question("c39", "c51"),
                (kernel, attempt) -> bad.contains(number(kernel))
                        ? ScriptedKernels.deadlock(kernel, attempt, "bug")
                        : ScriptedKernels.clean(kernel, attempt),
                Set.of());

        assertThat(found.commit()).contains(id("c104"));
    }

    /** A merge is bad like the bad end, but what it shows besides is no part of the question. */
    @Test
    void afterAMergeABugIsStillTheOneOfTheBadEnd() throws Exception {
        git("checkout", "-q", "-b", "side", "c2");
        for (int i = 101; i <= 106; i++) {
            commit(i, "side");
        }
        git("checkout", "-q", "c3");
        git("-c", "user.name=A", "-c", "user.email=a@example.org", "merge", "-q", "--no-ff", "-m", "Merge", "side");
        git("tag", "merge");
        numbers.put(id("merge"), 200);
        for (int i = 51; i <= 53; i++) {
            commit(i, "kernel");
        }
        Set<Integer> bad = Set.of(105, 106, 200, 51, 52, 53);
        int[] ofMerge = {0};
        boolean[] resumed = {false};
        BiFunction<KernelSpec, Integer, RunRecord> kernels = (kernel, attempt) -> {
            int number = number(kernel);
            if (number > 100 && number < 200 && !resumed[0]) {
                resumed[0] = true;
                throw new IllegalStateException("killed");
            }
            // From 102 on there is another bug, which shows in every second run.
            if (number == 200 && resumed[0] && ofMerge[0]++ == 0) {
                return ScriptedKernels.deadlock(kernel, attempt, "another");
            }
            if (bad.contains(number)) {
                return ScriptedKernels.deadlock(kernel, attempt, "bug");
            }
            return number >= 102 && number < 105 && attempt % 2 == 1
                    ? ScriptedKernels.deadlock(kernel, attempt, "another")
                    : ScriptedKernels.clean(kernel, attempt);
        };
        assertThatThrownBy(() -> bisect(question("c0", "c53"), kernels, Set.of()))
                .hasMessage("killed");

        Bisection found = bisect(question("c0", "c53"), kernels, Set.of());

        assertThat(BisectState.read(state).orElseThrow().signatures()).containsExactly("bug");
        assertThat(found.commit()).contains(id("c105"));
    }

    @Test
    void aBadEndWithoutTheBugIsNoAnswer() throws Exception {
        Bisection found = bisect(question("c0", "c20"), this::sure, Set.of());

        assertThat(found.found()).isFalse();
        assertThat(found.remarks().get(0)).contains("does not show the bug");
    }

    @Test
    void aGoodEndWithTheBugIsNoAnswer() throws Exception {
        Bisection found = bisect(question("c30", "c39"), this::sure, Set.of());

        assertThat(found.found()).isFalse();
        assertThat(found.remarks().get(0)).contains("shows the bug, too");
    }

    private RunRecord sure(KernelSpec kernel, int attempt) {
        return number(kernel) >= FIRST_BAD
                ? ScriptedKernels.deadlock(kernel, attempt, "bug")
                : ScriptedKernels.clean(kernel, attempt);
    }

    private Bisection bisect(
            BisectState.Question question, BiFunction<KernelSpec, Integer, RunRecord> script, Set<String> broken)
            throws Exception {
        Trial trial = new ScriptedKernels(script);
        return TreeBisection.open(
                        state,
                        question,
                        KernelTree.open(new Cache(folder.resolve("cache")), tree),
                        kernel -> {
                            if (broken.contains("c" + number(kernel))) {
                                throw new BuildFailedException("the kernel does not build: x.c:1", folder);
                            }
                        },
                        trial,
                        new PhaseTimer(Progress.NONE),
                        0.02)
                .run();
    }

    private BisectState.Question question(String good, String bad) throws Exception {
        return new BisectState.Question(
                tree.toRealPath().toString(),
                ScriptedKernels.ID,
                "plain",
                BisectGoal.CAUSE,
                id(good),
                id(bad),
                false,
                List.of());
    }

    private int number(KernelSpec kernel) {
        return numbers.get(((KernelSpec.Tree) kernel).revision().orElseThrow());
    }

    private void commit(int number, String where) throws Exception {
        Path file = Files.createDirectories(tree.resolve(where)).resolve("file");
        Files.writeString(file, Integer.toString(number));
        git("add", "-A");
        git("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q", "-m", "commit " + number);
        git("tag", "c" + number);
        numbers.put(id("c" + number), number);
    }

    private String id(String revision) throws Exception {
        return git("rev-parse", revision).strip();
    }

    private String replay() throws Exception {
        return git("bisect", "replay", BisectState.logOf(state).toString());
    }

    private String git(String... command) throws Exception {
        List<String> words = new ArrayList<>(List.of("git", "-C", tree.toString()));
        words.addAll(Arrays.asList(command));
        ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }
}
