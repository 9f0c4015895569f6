// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.machine.MachineException;
import org.junit.jupiter.api.Test;

class MemoryTextTest {
    /** As QEMU 7.2 answered to xp /20xb. */
    private static final String REAL = "0000000001000000: 0x66 0x90 0x0f 0xae 0xe8 0xe9 0x01 0x41\r\n"
            + "0000000001000008: 0x10 0x00 0xcc 0xcc 0xcc 0xcc 0xcc 0xcc\r\n"
            + "0000000001000010: 0xcc 0xcc 0xcc 0xff\r\n";

    @Test
    void readsAllBytesInTheirOrder() throws MachineException {
        assertThat(MemoryText.parse(REAL, 0x1000000, 20))
                .containsExactly(
                        0x66, 0x90, 0x0f, 0xae, 0xe8, 0xe9, 0x01, 0x41, 0x10, 0x00, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
                        0xcc, 0xcc, 0xcc, 0xff);
    }

    @Test
    void saysWhichAddressQemuCannotRead() {
        assertThatThrownBy(() -> MemoryText.parse("0000000000001000: Cannot access memory\r\n", 0x1000, 8))
                .isInstanceOf(MachineException.class)
                .hasMessage("QEMU cannot read guest address 0x1000: 0000000000001000: Cannot access memory");
    }

    @Test
    void refusesLessThanWasAskedFor() {
        assertThatThrownBy(() -> MemoryText.parse(REAL, 0x1000000, 21)).isInstanceOf(MachineException.class);
        assertThatThrownBy(() -> MemoryText.parse("", 0, 1)).isInstanceOf(MachineException.class);
    }

    @Test
    void takesNothingForAByteThatIsNone() {
        assertThatThrownBy(() -> MemoryText.parse("0: 0x1 0x123 1234 0xg", 0, 1))
                .isInstanceOf(MachineException.class);
        assertThatThrownBy(() -> MemoryText.parse("0: 0xzz", 0, 1)).isInstanceOf(MachineException.class);
    }
}
