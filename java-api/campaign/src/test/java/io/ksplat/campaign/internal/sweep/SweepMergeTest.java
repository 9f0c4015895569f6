// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.internal.campaign.CampaignFiles;
import io.ksplat.results.internal.campaign.SweepRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A way of 4-byte instructions through one function, which deadlocks from the sixth to the ninth. */
class SweepMergeTest {
    private static final long FUNCTION = 0xffffffff81000000L;
    private static final int WIDTH = 4;

    @TempDir
    Path folder;

    private static SweepRecord.Point point(int n, Verdict verdict) {
        return new SweepRecord.Point(
                n,
                FUNCTION + (long) n * WIDTH,
                "take",
                (long) n * WIDTH,
                verdict,
                verdict == Verdict.DEADLOCK ? Optional.of("the lock") : Optional.empty(),
                List.of(),
                List.of(),
                Optional.empty());
    }

    private static Verdict verdict(int n) {
        return n >= 6 && n <= 9 ? Verdict.DEADLOCK : Verdict.CLEAN;
    }

    private static SweepRecord part(int first, int last, long function) {
        return new SweepRecord(
                "nmi-task-kptr",
                "debian:6.12",
                "key",
                "take",
                0,
                "anchor",
                1.5,
                IntStream.rangeClosed(first, last)
                        .mapToObj(n -> point(n, verdict(n)))
                        .toList(),
                List.of(),
                List.of(),
                IntStream.rangeClosed(first, last)
                        .mapToObj(n -> function + (long) n * WIDTH)
                        .toList(),
                List.of(new SweepRecord.Function(
                        "take",
                        FUNCTION,
                        64 * WIDTH,
                        IntStream.rangeClosed(first, last)
                                .mapToObj(n -> new SweepRecord.Instruction(
                                        (long) n * WIDTH, "insn" + n, "S", List.of(n), 0, Optional.empty()))
                                .toList())));
    }

    private SweepRecord written() throws IOException {
        return (SweepRecord) CampaignFiles.of(folder.resolve("joint")).get(0).record();
    }

    /** The unit of a point is the one that ends with it, or the one that begins with it. */
    @Test
    void partsAreOneMapInAnyOrder() throws IOException {
        List<SweepRecord> parts = List.of(part(0, 4, FUNCTION), part(4, 8, FUNCTION), part(8, 11, FUNCTION));
        SweepMerge.Joint joint = SweepMerge.into(parts, Map.of(), folder.resolve("joint"));

        assertThat(joint.whole()).isTrue();
        SweepRecord map = written();
        assertThat(map.steps()).hasSize(12);
        assertThat(map.stretches())
                .extracting(stretch -> stretch.from() + " " + stretch.to() + " " + stretch.verdict())
                .containsExactly("0 5 CLEAN", "6 9 DEADLOCK", "10 11 CLEAN");
        assertThat(map.path()).hasSize(12);
        assertThat(map.functions().get(0).code())
                .extracting(instruction -> instruction.text() + " " + instruction.effect())
                .startsWith("insn0 S")
                .contains("insn5 S", "insn6 D", "insn9 D", "insn10 S")
                .hasSize(12);
        assertThat(joint.text()).contains("12 points measured, 4 of them deadlocks");

        SweepMerge.Joint again =
                SweepMerge.into(List.of(parts.get(2), parts.get(0), parts.get(1)), Map.of(), folder.resolve("again"));
        assertThat(again).isEqualTo(joint);
    }

    /** Not taken for what lies around it. */
    @Test
    void aPartThatIsMissingHasNoResult() throws IOException {
        SweepMerge.Joint joint = SweepMerge.into(
                List.of(part(0, 1, FUNCTION), part(3, 5, FUNCTION)),
                Map.of(2, "unit-0002: it was not begun", 3, "unit-0002: it was not begun"),
                folder.resolve("joint"));

        assertThat(joint.whole()).isFalse();
        assertThat(joint.text()).contains("missing: unit-0002: it was not begun");
        assertThat(written().stretches())
                .extracting(stretch -> stretch.from() + " " + stretch.to() + " " + stretch.verdict())
                .containsExactly("0 1 CLEAN", "2 2 ERROR", "3 5 CLEAN");
    }

    @Test
    void whatTwoPartsSayDifferentlyIsNoResult() throws IOException {
        SweepRecord odd = part(4, 5, FUNCTION);
        SweepRecord other = new SweepRecord(
                odd.reproducer(),
                odd.kernel(),
                odd.key(),
                odd.from(),
                odd.cpu(),
                odd.anchor(),
                odd.seconds(),
                List.of(point(4, Verdict.DEADLOCK), point(5, Verdict.CLEAN)),
                List.of(),
                List.of(),
                odd.path(),
                odd.functions());
        for (List<SweepRecord> order :
                List.of(List.of(part(0, 4, FUNCTION), other), List.of(other, part(0, 4, FUNCTION)))) {
            SweepMerge.Joint joint = SweepMerge.into(order, Map.of(), folder.resolve("joint"));
            assertThat(joint.whole()).isFalse();
            assertThat(joint.text()).contains("one part of the sweep says DEADLOCK, another CLEAN");
        }
    }

    @Test
    void anotherWayIsRefused() {
        List<SweepRecord> parts = List.of(part(0, 4, FUNCTION), part(4, 8, FUNCTION + WIDTH));
        assertThatThrownBy(() -> SweepMerge.into(parts, Map.of(), folder.resolve("joint")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("took different ways: after 4 instructions");
    }
}
