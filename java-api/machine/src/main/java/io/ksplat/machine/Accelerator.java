// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import io.ksplat.machine.internal.qemu.HostCpu;
import java.time.Duration;
import java.util.List;

/**
 * How QEMU runs the guest's instructions.
 *
 * <pre>{@code
 * Accelerator emulated = Accelerator.TCG;
 * Duration patience = emulated.scale(Duration.ofSeconds(1));
 * }</pre>
 *
 * <p>Which one works is found by booting: some hosts offer a /dev/kvm under which no kernel comes up.
 */
public enum Accelerator {
    /** The host's CPU runs them. */
    KVM("kvm", 1),
    /** QEMU translates them. */
    TCG("tcg", 5);

    private final String id;
    private final int slowness;

    Accelerator(String id, int slowness) {
        this.id = id;
        this.slowness = slowness;
    }

    /** Returns its name, as {@code results.json} spells it. */
    public String id() {
        return id;
    }

    /** Returns what a machine takes over from this host: its saved state is only of use on a host with the same. */
    public List<String> hostIdentity() {
        return switch (this) {
            case KVM -> List.of(HostCpu.description());
            case TCG -> List.of();
        };
    }

    /** Returns what a guest's work that takes {@code onKvm} under KVM may take here, with room to spare. */
    public Duration scale(Duration onKvm) {
        return onKvm.multipliedBy(slowness);
    }
}
