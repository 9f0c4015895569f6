// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.hang;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.machine.internal.forensics.hang.Sample.Context;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class SampleTest {
    private static final long KERNEL = 0xffffffff81000000L;

    private static Context context(long rip, boolean interruptsEnabled, String function) {
        return new Sample.Cpu(0, 1, rip, interruptsEnabled, Optional.of(function), OptionalLong.empty()).context();
    }

    @Test
    void registersAloneTellWhatACpuExecutes() {
        assertThat(context(0x401000, true, "main")).isEqualTo(Context.USER);
        assertThat(context(0, false, "main")).isEqualTo(Context.USER);
        assertThat(context(KERNEL, false, "default_idle")).isEqualTo(Context.IRQS_OFF);
        assertThat(context(KERNEL, true, "default_idle")).isEqualTo(Context.IDLE);
        assertThat(context(KERNEL, true, "vfs_unlink")).isEqualTo(Context.KERNEL);
        assertThat(Context.IRQS_OFF.id()).isEqualTo("irqs-off");
    }

    private static String place(long rip) {
        return new Sample.Cpu(0, 1, rip, false, Optional.empty(), OptionalLong.empty()).place();
    }

    /** A loop in code without symbols is one function in it. */
    @Test
    void withoutASymbolThePageIsThePlace() {
        assertThat(place(KERNEL + 0x1234)).isEqualTo("0xffffffff81001000");
        assertThat(place(KERNEL + 0x1fff)).isEqualTo(place(KERNEL + 0x1000));
    }
}
