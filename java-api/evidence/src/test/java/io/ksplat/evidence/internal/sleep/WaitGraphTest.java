// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.sleep;

import static io.ksplat.evidence.internal.sleep.WaitGraph.State.ASLEEP;
import static io.ksplat.evidence.internal.sleep.WaitGraph.State.EXITED;
import static io.ksplat.evidence.internal.sleep.WaitGraph.State.RUNS;
import static io.ksplat.evidence.internal.sleep.WaitGraph.State.STUCK;
import static io.ksplat.evidence.internal.sleep.WaitGraph.Strength.CERTAIN;
import static io.ksplat.evidence.internal.sleep.WaitGraph.Strength.CERTAIN_IN_TIME;
import static io.ksplat.evidence.internal.sleep.WaitGraph.Strength.LIKELY;
import static io.ksplat.evidence.internal.sleep.WaitGraph.Strength.PATIENT;
import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.internal.sleep.WaitGraph.Edge;
import io.ksplat.evidence.internal.sleep.WaitGraph.Fate;
import io.ksplat.evidence.internal.sleep.WaitGraph.State;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A deadlock is a wait that nothing can end; each has its opposite beside it, which something can. */
class WaitGraphTest {
    private static WaitGraph graph(Map<Long, State> states, Edge... edges) {
        return new WaitGraph(states, List.of(edges), true);
    }

    @Test
    void tasksThatWaitForEachOtherAreARing() {
        Edge there = new Edge(1, 2, CERTAIN);
        Edge back = new Edge(2, 1, CERTAIN);
        WaitGraph ring = graph(Map.of(1L, ASLEEP, 2L, ASLEEP), there, back);
        assertThat(ring.rings()).hasSize(1);
        assertThat(ring.rings().get(0)).containsExactlyInAnyOrder(1L, 2L);
        assertThat(ring.fate(1)).isEqualTo(Fate.RING);

        WaitGraph moves = graph(Map.of(1L, ASLEEP, 2L, RUNS), there, back);
        assertThat(moves.rings()).isEmpty();
        assertThat(moves.fate(1)).isEqualTo(Fate.UNKNOWN);

        WaitGraph unsure = graph(Map.of(1L, ASLEEP, 2L, ASLEEP), there, new Edge(2, 1, LIKELY));
        assertThat(unsure.rings()).isEmpty();
        assertThat(unsure.fate(1)).isEqualTo(Fate.UNKNOWN);
    }

    @Test
    void aTaskThatWaitsForItselfIsARing() {
        WaitGraph self = graph(Map.of(1L, ASLEEP), new Edge(1, 1, CERTAIN));
        assertThat(self.rings()).containsExactly(List.of(1L));
    }

    @Test
    void whoWaitsForARingWaitsForEver() {
        WaitGraph graph = graph(
                Map.of(1L, ASLEEP, 2L, ASLEEP, 3L, ASLEEP, 4L, ASLEEP),
                new Edge(1, 2, CERTAIN),
                new Edge(2, 1, CERTAIN),
                new Edge(3, 1, CERTAIN),
                new Edge(4, 3, CERTAIN));
        assertThat(graph.rings()).hasSize(1);
        assertThat(graph.fate(3)).isEqualTo(Fate.BEHIND_RING);
        assertThat(graph.fate(4)).isEqualTo(Fate.BEHIND_RING);
    }

    @Test
    void aRingOfThreeIsFoundFromOutsideOfIt() {
        WaitGraph graph = graph(
                Map.of(1L, ASLEEP, 2L, ASLEEP, 3L, ASLEEP, 4L, ASLEEP),
                new Edge(4, 1, CERTAIN),
                new Edge(1, 2, CERTAIN),
                new Edge(2, 3, CERTAIN),
                new Edge(3, 1, CERTAIN));
        assertThat(graph.rings()).hasSize(1);
        assertThat(graph.rings().get(0)).hasSize(3).doesNotContain(4L);
    }

    @Test
    void aWriterBetweenAReadersTwoLocksIsARing() {
        // The reader waits for the writer, which came first; the writer for the reader's first hold.
        WaitGraph graph = graph(
                Map.of(1L, ASLEEP, 2L, ASLEEP, 3L, ASLEEP),
                new Edge(1, 2, CERTAIN),
                new Edge(2, 1, CERTAIN),
                new Edge(3, 2, CERTAIN));
        assertThat(graph.fate(2)).isEqualTo(Fate.RING);
        assertThat(graph.fate(3)).isEqualTo(Fate.BEHIND_RING);
    }

    @Test
    void anOwnerOnAStuckCpuNeverReleases() {
        Edge edge = new Edge(1, 2, CERTAIN);
        assertThat(graph(Map.of(1L, ASLEEP, 2L, STUCK), edge).fate(1)).isEqualTo(Fate.BEHIND_STUCK_CPU);
        assertThat(graph(Map.of(1L, ASLEEP, 2L, RUNS), edge).fate(1)).isEqualTo(Fate.UNKNOWN);
    }

    @Test
    void anOwnerThatHasExitedNeverReleases() {
        WaitGraph graph =
                graph(Map.of(1L, ASLEEP, 2L, EXITED, 3L, ASLEEP), new Edge(1, 2, CERTAIN), new Edge(3, 1, CERTAIN));
        assertThat(graph.fate(1)).isEqualTo(Fate.OWNER_EXITED);
        assertThat(graph.fate(3)).isEqualTo(Fate.OWNER_EXITED);
    }

    /** A flush waits for all workers, a grace period for all readers. */
    @Test
    void oneThatNeverComesIsEnough() {
        WaitGraph graph = graph(
                Map.of(1L, ASLEEP, 2L, RUNS, 3L, ASLEEP),
                new Edge(1, 2, CERTAIN),
                new Edge(1, 3, CERTAIN),
                new Edge(3, 1, CERTAIN));
        assertThat(graph.fate(1)).isEqualTo(Fate.RING);
    }

    @Test
    void aReaderHoldsUpAGracePeriodOnlyIfThatHasLasted() {
        List<Edge> edges = List.of(new Edge(1, 2, CERTAIN_IN_TIME), new Edge(2, 1, CERTAIN));
        Map<Long, State> states = Map.of(1L, ASLEEP, 2L, ASLEEP);
        assertThat(new WaitGraph(states, edges, true).rings()).hasSize(1);
        assertThat(new WaitGraph(states, edges, false).rings()).isEmpty();
    }

    @Test
    void aParentOfVforkHasAGoodReasonUnlessItsChildIsBlocked() {
        Edge waits = new Edge(1, 2, PATIENT);
        assertThat(graph(Map.of(1L, ASLEEP, 2L, ASLEEP), waits).fate(1)).isEqualTo(Fate.GOOD_REASON);
        assertThat(graph(Map.of(1L, ASLEEP, 2L, RUNS), waits).fate(1)).isEqualTo(Fate.GOOD_REASON);
        assertThat(graph(Map.of(1L, ASLEEP, 2L, ASLEEP), waits, new Edge(2, 1, CERTAIN))
                        .fate(1))
                .isEqualTo(Fate.RING);
        assertThat(graph(Map.of(1L, ASLEEP, 2L, ASLEEP, 3L, ASLEEP), waits, new Edge(2, 3, CERTAIN))
                        .fate(1))
                .isEqualTo(Fate.UNKNOWN);
    }

    @Test
    void whoWaitsForNobodyKnownIsNoDeadlock() {
        WaitGraph graph = graph(Map.of(1L, ASLEEP));
        assertThat(graph.fate(1)).isEqualTo(Fate.UNKNOWN);
        assertThat(Fate.UNKNOWN.isDeadlock()).isFalse();
        assertThat(Fate.GOOD_REASON.isDeadlock()).isFalse();
    }
}
