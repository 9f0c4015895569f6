// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.machine.MachineException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class BootTest {
    private static final String BEFORE = "11111111-2222-3333-4444-555555555555";
    private static final String OTHER = "aaaaaaaa-2222-3333-4444-555555555555";

    private static long seconds(long seconds) {
        return Duration.ofSeconds(seconds).toNanos();
    }

    @Test
    void readsWhatTheKernelTells() throws Exception {
        Boot boot = Boot.parse(BEFORE + "\n12.34 20.01\n");
        assertThat(boot).isEqualTo(new Boot(BEFORE, Duration.ofMillis(12_340)));
        assertThatThrownBy(() -> Boot.parse("Last login: yesterday\n"))
                .isInstanceOf(MachineException.class)
                .hasMessage("it does not tell which boot it runs: \"Last login: yesterday\"");
    }

    @Test
    void asksTheMachineOverBothConnections() throws Exception {
        String here =
                Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
        try (Reach reach = new Reach(MachineEntry.here())) {
            assertThat(Boot.read(reach).id()).isEqualTo(here);
            assertThat(Boot.readAnew(reach).id()).isEqualTo(here);
        }
    }

    @Test
    void aBootThatBeganAfterTheResetIsProven() {
        for (int age : new int[] {20, 30}) {
            assertThat(new Boot(OTHER, Duration.ofSeconds(age)).olderThan(BEFORE, seconds(30)))
                    .isEmpty();
        }
    }

    @Test
    void theBootFromBeforeIsNone() {
        assertThat(new Boot(BEFORE, Duration.ofSeconds(20)).olderThan(BEFORE, seconds(30)))
                .contains("it still runs the boot from before the reset");
    }

    /** A panic had rebooted it before the reset was asked for, which is still to come. */
    @Test
    void aBootOfItsOwnIsNone() {
        assertThat(new Boot(OTHER, Duration.ofSeconds(40)).olderThan(BEFORE, seconds(2)))
                .contains("it runs a boot that had begun before the reset");
    }
}
