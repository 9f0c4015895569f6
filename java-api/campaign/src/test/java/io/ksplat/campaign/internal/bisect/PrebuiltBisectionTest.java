// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bisect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.campaign.ScriptedKernels;
import io.ksplat.kernel.BadSpecException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.results.internal.campaign.BisectRecord;
import io.ksplat.results.internal.wire.CampaignJson;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PrebuiltBisectionTest {
    /** The newest first, as in an archive's index; one version comes twice, from two suites. */
    private static final List<KernelSpec> AVAILABLE = Stream.of(
                    "7.2.9", "7.2.6", "7.1.13", "7.1.8", "7.1.7", "7.1.3", "7.0.13", "7.0.9", "7.0.9", "7.0.4",
                    "6.19.8", "6.19.6")
            .map(version -> KernelSpec.parse("debian:" + version))
            .toList();

    @Test
    void aCureThatCameWithASeriesIsBetweenTwoOfThem() throws Exception {
        Bisection found = cure(Set.of("6.19.6", "6.19.8", "7.0.4", "7.0.9", "7.0.13"), "6.19", "7.2", 1);

        assertPair(found, "7.0.13", "7.1.3");
        assertThat(found.errorBound()).isLessThan(0.05);
        assertThat(found.remarks()).noneMatch(remark -> remark.startsWith("contradiction"));
    }

    @Test
    void aBackportedCureIsFoundInTheOlderSeries() throws Exception {
        Bisection found = cure(Set.of("6.19.6", "6.19.8", "7.0.4"), "6.19", "7.2", 1);

        assertPair(found, "7.0.4", "7.0.9");
        assertThat(found.remarks()).anyMatch(remark -> remark.contains("backport"));
    }

    @Test
    void aCureInAPointReleaseOfTheNewerSeriesIsFoundThere() throws Exception {
        Bisection found =
                cure(Set.of("6.19.6", "6.19.8", "7.0.4", "7.0.9", "7.0.13", "7.1.3", "7.1.7"), "6.19", "7.1", 1);

        assertPair(found, "7.1.7", "7.1.8");
    }

    @Test
    void oneSeriesAloneIsALine() throws Exception {
        assertPair(cure(Set.of("7.1.3", "7.1.7"), "7.1.3", "7.1.13", 1), "7.1.7", "7.1.8");
    }

    /** A cure comes with the first good kernel, and nothing else says so: not the last bad one, and not the ends. */
    @Test
    void recordsWhereTheCureCameAndEveryRun() throws Exception {
        PrebuiltBisection bisection = bisection(Set.of("7.1.3", "7.1.7"), "7.1.3", "7.1.13", 1);
        BisectRecord record = bisection.run().record(ScriptedKernels.ID, BisectGoal.CURE, bisection.searched());

        BisectRecord.Line line = record.lines().get(0);
        assertThat(line.members().get(0).what()).as("the oldest first").isEqualTo("debian:7.1.3");
        assertThat(line.members().stream()
                        .mapToDouble(BisectRecord.Member::probability)
                        .sum())
                .isBetween(0.9, 1.0);
        assertThat(line.members().stream().mapToInt(BisectRecord.Member::count).sum())
                .as("every kernel, run or not")
                .isEqualTo(between("7.1.3", "7.1.13").count());
        assertThat(line.members())
                .filteredOn(member -> member.probability() > 0.9)
                .extracting(BisectRecord.Member::what)
                .containsExactly("debian:7.1.8");
        assertThat(record.history()).hasSize(record.runs());
        assertThat(record.history())
                .filteredOn(run -> run.outcome().equals("BAD"))
                .extracting(BisectRecord.Run::what)
                .containsOnly("debian:7.1.3", "debian:7.1.7");
        assertThat(record.history()).allMatch(run -> run.position().isPresent());
        assertThat(CampaignJson.line(record)).startsWith("{\"verdict\":\"FOUND\",\"errorBound\":");
    }

    @Test
    void severalAtATimeFindTheSame() throws Exception {
        assertPair(cure(Set.of("6.19.6", "6.19.8", "7.0.4"), "6.19", "7.2", 3), "7.0.4", "7.0.9");
    }

    @Test
    void whatBrokeItIsFoundTheOtherWayRound() throws Exception {
        ScriptedKernels kernels = kernels(Set.of("7.1.8", "7.1.13", "7.2.6", "7.2.9"));
        Bisection found = new PrebuiltBisection(
                        new BugClassifier(kernels, ScriptedKernels.ID, 0.01),
                        between("7.0", "7.2"),
                        BisectGoal.CAUSE,
                        1,
                        Progress.NONE)
                .run();

        assertPair(found, "7.1.7", "7.1.8");
    }

    @Test
    void aContradictionIsToldAndNotSmoothedOver() throws Exception {
        Bisection found = cure(Set.of("6.19.6", "6.19.8", "7.1.3"), "6.19", "7.2", 3);

        assertThat(found.remarks())
                .anyMatch(remark -> remark.startsWith("contradiction: debian:7.0.4 is good")
                        && remark.contains("debian:7.1.3 after it is bad again"));
    }

    @Test
    void anotherSplatIsNotTheBugAndIsListed() throws Exception {
        Set<String> bad = Set.of("6.19.6", "6.19.8", "7.0.4", "7.0.9");
        ScriptedKernels kernels = new ScriptedKernels((kernel, attempt) -> {
            String version = ((KernelSpec.Debian) kernel).version();
            if (version.equals("7.0.13")) {
                return ScriptedKernels.deadlock(kernel, attempt, "another");
            }
            return bad.contains(version)
                    ? ScriptedKernels.deadlock(kernel, attempt, "this")
                    : ScriptedKernels.clean(kernel, attempt);
        });
        Bisection found = new PrebuiltBisection(
                        new BugClassifier(kernels, ScriptedKernels.ID, 0.01),
                        between("6.19.6", "7.2"),
                        BisectGoal.CURE,
                        1,
                        Progress.NONE)
                .run();

        assertPair(found, "7.0.9", "7.1.3");
        assertThat(found.skipped()).singleElement().satisfies(each -> {
            assertThat(each.what()).isEqualTo("debian:7.0.13");
            assertThat(each.reason()).contains("another");
        });
    }

    @Test
    void aBadEndWithoutTheBugIsNoAnswer() throws Exception {
        Bisection found = cure(Set.of(), "7.0", "7.2", 1);

        assertThat(found.found()).isFalse();
        assertThat(found.errorBound()).isEqualTo(1);
        assertThat(found.remarks()).singleElement().asString().contains("debian:7.0.13");
    }

    @Test
    void aGoodEndWithTheBugIsNoAnswer() throws Exception {
        assertThat(cure(Set.of("7.0.13", "7.1.3", "7.2.9"), "7.0", "7.2", 1).found())
                .isFalse();
    }

    @Test
    void theEndsInTheWrongOrderAreAUsageError() {
        assertThatThrownBy(() -> between("7.2", "7.0"))
                .isInstanceOf(BadSpecException.class)
                .hasMessageContaining("not older");
    }

    private static Bisection cure(Set<String> bad, String from, String to, int jobs) throws Exception {
        return bisection(bad, from, to, jobs).run();
    }

    private static PrebuiltBisection bisection(Set<String> bad, String from, String to, int jobs) {
        return new PrebuiltBisection(
                new BugClassifier(kernels(bad), ScriptedKernels.ID, 0.01),
                between(from.equals("6.19") ? "6.19.6" : from, to),
                BisectGoal.CURE,
                jobs,
                Progress.NONE);
    }

    private static ScriptedKernels kernels(Set<String> bad) {
        return new ScriptedKernels((kernel, attempt) -> bad.contains(((KernelSpec.Debian) kernel).version())
                ? ScriptedKernels.deadlock(kernel, attempt, "this")
                : ScriptedKernels.clean(kernel, attempt));
    }

    private static PrebuiltKernels between(String from, String to) {
        return PrebuiltKernels.between(AVAILABLE, KernelSpec.parse("debian:" + from), KernelSpec.parse("debian:" + to));
    }

    private static void assertPair(Bisection found, String from, String to) {
        assertThat(found.found()).isTrue();
        assertThat(found.from().orElseThrow().spec()).isEqualTo("debian:" + from);
        assertThat(found.to().orElseThrow().spec()).isEqualTo("debian:" + to);
        assertThat(found.from().orElseThrow().release()).isNotEmpty();
    }
}
