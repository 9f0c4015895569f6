// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.Heartbeats;
import io.ksplat.machine.internal.forensics.hang.Diagnosis;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What is read from a heartbeat page, as native/src/beat.h describes it, of a machine some of whose CPUs are offline. */
class PulseTest {
    private static final int BYTES = 4096;
    private static final int HEADER = 64;
    private static final int SLOT = 64;

    /** @param cpus those that are online; each has beaten ten times its number, and once */
    private static byte[] page(int... cpus) {
        ByteBuffer page = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int slots = Arrays.stream(cpus).max().orElseThrow() + 1;
        page.putLong(0x746165626c70736bL).putInt(1).putInt(slots).putInt(SLOT).putInt(HEADER);
        for (int cpu : cpus) {
            page.position(HEADER + cpu * SLOT);
            page.putLong(10L * cpu + 1).putLong(1000).putInt(cpu).putInt(1);
        }
        return page.array();
    }

    private static final long ASKED = 1000;

    private static Pulse.Sample sample(byte[] page, int online) throws MachineException {
        return Pulse.Sample.of(Heartbeats.Layout.of(0, Arrays.copyOf(page, HEADER), online), ASKED, page);
    }

    @Test
    void aCpuThatIsOfflineHasNoHeart() throws Exception {
        Pulse.Sample sample = sample(page(0, 3), 2);

        assertThat(sample.hearts()).containsExactly(1, 31);
        assertThat(sample.beats()).containsExactly(1, 0, 0, 31);
        assertThat(sample.clocks()).containsExactly(1000, 0, 0, 1000);
    }

    @Test
    void aSampleIsAsOldAsItsAnswer() throws Exception {
        long before = System.nanoTime();
        assertThat(sample(page(0), 1).hostNanos()).isBetween(before, System.nanoTime());
    }

    @Test
    void withoutHolesEachHasOne() throws Exception {
        assertThat(sample(page(0, 1), 2).hearts()).containsExactly(1, 11);
    }

    /** A CPU may have died since it was asked. */
    @Test
    void anOlderSampleTellsNothingOfAMoment() throws Exception {
        Pulse.Sample sample = sample(page(0, 1), 2);
        assertThat(sample.heartsSince(ASKED)).hasValue(new long[] {1, 11});
        assertThat(sample.heartsSince(ASKED + 1)).isEmpty();
    }

    /** A heart that has yet to beat is no offline CPU's. */
    @Test
    void aHeartThatHasNeverBeatenIsOne() throws Exception {
        byte[] page = page(0, 1);
        Arrays.fill(page, HEADER + SLOT, HEADER + SLOT + 16, (byte) 0);
        assertThat(sample(page, 2).hearts()).containsExactly(1, 0);
    }

    private static final long SECOND = 1_000_000_000L;
    private static final ConsoleBeats.Beat SILENT = new ConsoleBeats.Beat(0, Set.of(), true);

    /** @param ago for how many seconds each CPU has not beaten, as the machine's clock says; below zero: it never had a heart */
    private static Pulse.Sample at(long hostNanos, double... ago) {
        long[] beats = new long[ago.length];
        long[] clocks = new long[ago.length];
        for (int cpu = 0; cpu < ago.length; cpu++) {
            beats[cpu] = ago[cpu] < 0 ? 0 : 7;
            clocks[cpu] = ago[cpu] < 0 ? 0 : (long) ((1000 - ago[cpu]) * SECOND);
        }
        return new Pulse.Sample(ASKED, hostNanos, beats, clocks, new boolean[ago.length]);
    }

    @Test
    void aHeartStandsStillThatHasNotBeatenForFiveSeconds() {
        assertThat(at(SECOND, 0, 4.9, 5, 60).still(SILENT)).containsExactlyInAnyOrder(2, 3);
        assertThat(at(SECOND, 0, -1).still(SILENT)).as("one is offline").isEmpty();
    }

    /** @param seconds the machine's clock at each CPU's last beat; 0: it never had a heart */
    private static Pulse.Sample beaten(double... seconds) {
        long[] clocks =
                Arrays.stream(seconds).mapToLong(at -> (long) (at * SECOND)).toArray();
        return new Pulse.Sample(ASKED, SECOND, new long[seconds.length], clocks, new boolean[seconds.length]);
    }

    /** It may have held the lock that the others wait for, and they come back behind it. */
    @Test
    void aHeartThatHasJustComeBackHasToBeatForAsLongAsItMustStandStill() {
        Pulse.Sample owns = beaten(100, 100, 129.9).after(beaten(100, 100, 125));
        assertThat(owns.isSettled(SILENT)).isTrue();
        Pulse.Sample back = beaten(130, 100, 130).after(owns);
        assertThat(back.isSettled(SILENT)).as("CPU 1 gets the lock now").isFalse();
        assertThat(back.still(SILENT)).containsExactly(1);
        Pulse.Sample before = beaten(134.9, 100, 134.9).after(back);
        assertThat(before.isSettled(SILENT)).isFalse();
        assertThat(beaten(135, 100, 135).after(before).isSettled(SILENT))
                .as("CPU 1 has had its time")
                .isTrue();
        assertThat(beaten(135, 135, 135).after(before).isSettled(SILENT))
                .as("CPU 1 is back")
                .isFalse();
    }

    /** The connection was slow, or away for a while. */
    @Test
    void answersThatAreFarApartBringNoHeartBack() {
        Pulse.Sample before =
                new Pulse.Sample(ASKED, SECOND, new long[] {1000}, new long[] {100 * SECOND}, new boolean[1]);
        long[] clocks = {130 * SECOND};
        Pulse.Sample beat = new Pulse.Sample(ASKED, SECOND, new long[] {3501}, clocks, new boolean[1]);
        assertThat(beat.after(before).isSettled(SILENT)).isTrue();
        Pulse.Sample stood = new Pulse.Sample(ASKED, SECOND, new long[] {3500}, clocks, new boolean[1]);
        assertThat(stood.after(before).isSettled(SILENT)).isFalse();
    }

    @Test
    void aFirstBeatComesBackFromNothing() {
        assertThat(beaten(104.9, 104.9).after(beaten(100, 0)).isSettled(SILENT)).isTrue();
        assertThat(beaten(3).isSettled(SILENT)).as("just booted").isTrue();
    }

    @Test
    void theConsoleTellsOnceTheConnectionIsSilentWhetherAHeartHasComeBack() {
        Pulse.Sample back = beaten(130, 130).after(beaten(100, 129));
        for (boolean settled : new boolean[] {true, false}) {
            assertThat(back.isSettled(new ConsoleBeats.Beat(3 * SECOND, Set.of(1), settled)))
                    .isEqualTo(settled);
        }
        assertThat(back.isSettled(new ConsoleBeats.Beat(SECOND, Set.of(1), true)))
                .isFalse();
    }

    @Test
    void whatTheConsoleTellsCountsOnceTheConnectionIsSilent() {
        Pulse.Sample sample = at(10 * SECOND, 0, 0);
        assertThat(sample.still(new ConsoleBeats.Beat(9 * SECOND, Set.of(1), true)))
                .isEmpty();
        assertThat(sample.still(new ConsoleBeats.Beat(12 * SECOND, Set.of(1), true)))
                .containsExactly(1);
        assertThat(at(10 * SECOND, 0, 60).still(new ConsoleBeats.Beat(12 * SECOND, Set.of(), true)))
                .as("it beats again")
                .isEmpty();
    }

    /** A console that is slow, or flooded, shows late that a heart stood still. */
    @Test
    void whatASlowConsoleTellsDoesNotCountWhileTheConnectionAnswers() {
        ConsoleBeats.Beat late = new ConsoleBeats.Beat(11 * SECOND, Set.of(1), true);
        assertThat(at(10 * SECOND, 0, 0).still(late)).isEmpty();
        assertThat(at(10 * SECOND - 1, 0, 0).still(late)).containsExactly(1);
    }

    /** Until the kernel has had its time to report a CPU, the watch goes on. */
    @Test
    void aCpuCountsAsSilentForAllOfItsTimeOnceTheKernelMustHaveReportedIt() {
        assertThat(at(SECOND, 0, 0.5, 99, 100, 120, -1).lives(100 * SECOND))
                .containsExactly(
                        new Diagnosis.Life(0, 7, 0, 0),
                        new Diagnosis.Life(1, 7, SECOND / 2, 0),
                        new Diagnosis.Life(2, 7, SECOND, 0),
                        new Diagnosis.Life(3, 7, 100 * SECOND, 0),
                        new Diagnosis.Life(4, 7, 120 * SECOND, 0),
                        new Diagnosis.Life(5, 0, 0, 0));
    }
}
