// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.snapshot;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.machine.MachineException;
import org.junit.jupiter.api.Test;

class SavedStateTest {
    private static final String DEBUG = "globalstate\0\0\0\6debug\0\0\0\0tail";

    private static byte[] bytes(String text) {
        return text.getBytes(ISO_8859_1);
    }

    @Test
    void aMachineAtABreakpointBecomesAPausedOneOfTheSameLength() throws MachineException {
        assertThat(SavedState.paused(bytes("head" + DEBUG)))
                .isEqualTo(bytes("headglobalstate\0\0\0\7paused\0\0\0tail"));
    }

    @Test
    void refusesAStateThatDoesNotSaySoOnce() {
        assertThatThrownBy(() -> SavedState.paused(bytes("\0\0\0\10running\0\0")))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("does not say exactly once");
        assertThatThrownBy(() -> SavedState.paused(bytes(DEBUG + DEBUG)))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("does not say exactly once");
    }
}
