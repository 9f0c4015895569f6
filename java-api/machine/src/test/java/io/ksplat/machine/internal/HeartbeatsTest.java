// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.machine.MachineException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeartbeatsTest {
    private static final long MAGIC = 0x746165626c70736bL;
    private static final long PAGE = 0x5d7c000;

    private static byte[] header(long magic, int version, int cpus, int slotBytes, int slotsAt) {
        return ByteBuffer.allocate(64)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(magic)
                .putInt(version)
                .putInt(cpus)
                .putInt(slotBytes)
                .putInt(slotsAt)
                .putLong(10_000_000)
                .array();
    }

    @Test
    void findsEachCpusCount() throws MachineException {
        Heartbeats.Layout layout = Heartbeats.Layout.of(PAGE, header(MAGIC, 1, 2, 64, 64), 2);
        assertThat(layout.slots()).isEqualTo(PAGE + 64);
        assertThat(layout.bytes()).isEqualTo(128);
        byte[] slots = ByteBuffer.allocate(128)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(0, 7)
                .putLong(8, 1234)
                .putLong(64, 1L << 40)
                .array();
        assertThat(layout.beats(slots)).containsExactly(7, 1L << 40);
        assertThat(layout.guestNanos(slots)).hasValue(1234);
        assertThat(layout.guestNanos(new byte[128])).isEmpty();
    }

    @Test
    void fitsAsManyCpusAsThePageHolds() throws MachineException {
        assertThat(Heartbeats.Layout.of(PAGE, header(MAGIC, 1, 63, 64, 64), 63).cpus())
                .isEqualTo(63);
        assertThatThrownBy(() -> Heartbeats.Layout.of(PAGE, header(MAGIC, 1, 64, 64, 64), 64))
                .isInstanceOf(MachineException.class);
    }

    @Test
    void saysThatAgentAndKsplatAreOfTwoBuilds() {
        for (byte[] header :
                new byte[][] {new byte[64], header(MAGIC + 1, 1, 2, 64, 64), header(MAGIC, 2, 2, 64, 64)}) {
            assertThatThrownBy(() -> Heartbeats.Layout.of(PAGE, header, 2))
                    .isInstanceOf(MachineException.class)
                    .hasMessage("no heartbeat page at guest physical address 0x5d7c000: the agent and ksplat are not of"
                            + " one build");
        }
    }

    /** The last one's slots, multiplied in 32 bits, would come out small. */
    @ParameterizedTest
    @CsvSource({
        "0, 0, 64, 64",
        "-1, -1, 64, 64",
        "2, 1, 64, 64",
        "2, 2, 15, 64",
        "2, 2, -64, 64",
        "2, 2, 64, 8",
        "2, 2, 64, -64",
        "2, 2, 64, 4000",
        "2, 2, 2048, 64",
        "2, 2, 2147483647, 64"
    })
    void believesNoHeaderThatMakesNoSense(int online, int cpus, int slotBytes, int slotsAt) {
        assertThatThrownBy(() -> Heartbeats.Layout.of(PAGE, header(MAGIC, 1, cpus, slotBytes, slotsAt), online))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("makes no sense");
    }
}
