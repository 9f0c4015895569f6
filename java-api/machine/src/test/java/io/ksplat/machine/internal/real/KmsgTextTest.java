// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.machine.MachineException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;

class KmsgTextTest {
    private static String text(String records) throws IOException {
        try (KmsgText text = new KmsgText(new ByteArrayInputStream(records.getBytes(StandardCharsets.ISO_8859_1)))) {
            return new String(text.readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    @Test
    void printsRecordsAsAConsoleThatTellsTheFacility() throws IOException {
        assertThat(text("3,812,10094231,-;rcu: INFO: rcu_sched self-detected stall on CPU\n"
                        + "12,813,10094300,-;user space; says this\n SUBSYSTEM=x\n DEVICE=y\n"
                        + "6,814,7,c,caller=T1;last"))
                .isEqualTo("<3>[   10.094231] rcu: INFO: rcu_sched self-detected stall on CPU\n"
                        + "<12>[   10.094300] user space; says this\n"
                        + "<6>[    0.000007] last\n");
    }

    @Test
    void keepsNoMoreOfARecordThanFits() throws IOException {
        assertThat(text("6,1,1,-;" + "x".repeat(1 << 20) + "\n6,2,2,-;next\n"))
                .hasSizeLessThan(20_000)
                .endsWith("next\n");
    }

    @Test
    void addsUpTheNmisOfAllCpus() throws IOException {
        assertThat(
                        RealNmis.taken(
                                "           CPU0       CPU1\n  0:         42          0   IO-APIC   2-edge      timer\n"
                                        + "NMI:         12          7   Non-maskable interrupts\nLOC: 1 2 Local timer interrupts\n"))
                .isEqualTo(19);
        Assertions.assertThatThrownBy(() -> RealNmis.taken("LOC: 1 2 Local timer interrupts\n"))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("no NMI in /proc/interrupts");
    }
}
