// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import io.ksplat.machine.internal.qemu.HostCpu;
import java.time.Duration;
import java.util.List;

/**
 * How QEMU runs the guest's instructions. All that differs between the two stands here.
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

    /** The spelling of {@code results.json}. */
    public String id() {
        return id;
    }

    public List<String> arguments() {
        return switch (this) {
            case KVM -> List.of("-accel", "kvm", "-cpu", "host");
            // A CPU model without AVX boots fastest (the self-tests of the kernel's crypto and RAID code are what
            // costs);
            // rdrand keeps the random generator from blocking.
            case TCG -> List.of("-accel", "tcg,thread=multi", "-cpu", "Nehalem,+rdrand");
        };
    }

    /** What a machine takes over from this host, so that its saved state is of use on a host of the same kind alone. */
    public List<String> hostIdentity() {
        return switch (this) {
            case KVM -> List.of(HostCpu.description());
            case TCG -> List.of();
        };
    }

    /** What a guest's work that takes {@code onKvm} under KVM may take here, with room to spare. */
    public Duration scale(Duration onKvm) {
        return onKvm.multipliedBy(slowness);
    }

    /**
     * Boot parameters that the machine type needs under this accelerator. microvm has no PIT that Linux would use (its ACPI is
     * hardware-reduced), so under TCG the kernel cannot calibrate the TSC, which is the host's own; KVM tells it by CPUID and
     * kvm-clock.
     */
    public List<String> bootParameters(String tscKhz) {
        return switch (this) {
            case KVM -> List.of();
            case TCG -> List.of("tsc_early_khz=" + tscKhz, "tsc=reliable");
        };
    }
}
