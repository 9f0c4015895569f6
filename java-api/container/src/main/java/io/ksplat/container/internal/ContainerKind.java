// SPDX-License-Identifier: Apache-2.0
package io.ksplat.container.internal;

import io.ksplat.machine.internal.qemu.QemuLauncher;
import java.io.IOException;

/** Provides containers to {@link QemuLauncher#of}. */
public final class ContainerKind implements QemuLauncher.Kind {
    @Override
    public String id() {
        return "container";
    }

    @Override
    public QemuLauncher at(String image) throws IOException {
        return ContainerSite.of(image);
    }
}
