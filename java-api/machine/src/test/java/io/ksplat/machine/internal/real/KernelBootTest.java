// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KernelBootTest {
    @Test
    void theBootLineIsTheMachinesOwnWithATokenOfThisBoot() {
        assertThat(KernelBoot.bootLine(
                        "BOOT_IMAGE=/boot/vmlinuz-6.12 root=UUID=1 ro  initrd=a.img ksplat.boot=0a quiet\n",
                        "ksplat.boot=1b"))
                .isEqualTo("root=UUID=1 ro quiet ksplat.boot=1b");
    }

    /** Each boot has its own token: it makes no other machine of it. */
    @Test
    void theTokenIsNoDifferenceBetweenBoots() {
        assertThat(KernelBoot.withoutToken("root=/dev/vda rw ksplat.boot=1b")).isEqualTo("root=/dev/vda rw");
    }
}
