// SPDX-License-Identifier: Apache-2.0
package io.ksplat.container;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.machine.internal.qemu.QemuLauncher;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

/** This module on the class path is all that {@code ksplat.container} needs; Docker is not needed to find it. */
class LauncherFoundTest {
    @Test
    void isFoundByItsName() {
        assertThat(ServiceLoader.load(QemuLauncher.Kind.class))
                .extracting(QemuLauncher.Kind::id)
                .containsExactly("container");
    }
}
