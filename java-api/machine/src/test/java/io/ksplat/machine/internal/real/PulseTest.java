// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.Heartbeats;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
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
}
