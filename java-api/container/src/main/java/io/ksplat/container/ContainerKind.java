// SPDX-License-Identifier: Apache-2.0
package io.ksplat.container;

import io.ksplat.vm.QemuSite;
import java.io.IOException;

/** Containers, for {@link QemuSite#of}. */
public final class ContainerKind implements QemuSite.Kind {
    @Override
    public String id() {
        return "container";
    }

    @Override
    public QemuSite at(String image) throws IOException {
        return ContainerSite.of(image);
    }
}
