// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.hang;

import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.arch.Role;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The CPUs of a running machine at one moment, seen from outside.
 *
 * @param hostNs the host's monotonic clock, nanoseconds
 */
public record Sample(long hostNs, List<Cpu> cpus) {
    public Sample {
        cpus = List.copyOf(cpus);
    }

    /** What a CPU executes, as far as its registers alone tell. */
    public enum Context {
        USER("user"),
        IDLE("idle"),
        KERNEL("kernel"),
        IRQS_OFF("irqs-off");

        private final String id;

        Context(String id) {
            this.id = id;
        }

        public String id() {
            return id;
        }
    }

    /**
     * One CPU.
     *
     * @param beats the agent's heartbeats on it so far
     * @param rip its program counter
     * @param interruptsEnabled whether its flags register allows interrupts
     * @param function the kernel function of {@code rip}; empty in user code or if no symbol covers it
     * @param ranNs processor time that the vCPU's host thread has used so far, nanoseconds; empty if it cannot be read
     * @param registers its general registers; empty if they were not read
     */
    public record Cpu(
            int cpu,
            long beats,
            long rip,
            boolean interruptsEnabled,
            Optional<String> function,
            OptionalLong ranNs,
            List<Long> registers) {
        public Cpu {
            registers = List.copyOf(registers);
        }

        /** Makes a CPU whose general registers were not read. */
        public Cpu(
                int cpu,
                long beats,
                long rip,
                boolean interruptsEnabled,
                Optional<String> function,
                OptionalLong ranNs) {
            this(cpu, beats, rip, interruptsEnabled, function, ranNs, List.of());
        }

        /** Returns what it executes: user code, the idle loop, or the kernel, with or without interrupts. */
        public Context context() {
            if (inUserCode()) {
                return Context.USER;
            }
            if (!interruptsEnabled) {
                return Context.IRQS_OFF;
            }
            return isIdle() ? Context.IDLE : Context.KERNEL;
        }

        boolean isIdle() {
            return interruptsEnabled && Arch.guest().functions().is(place(), Role.IDLE);
        }

        boolean inUserCode() {
            return rip >= 0;
        }

        /** Returns the function, or the page if no symbol covers the program counter. */
        String place() {
            return function.orElseGet(() -> "0x" + Long.toHexString(rip & -4096));
        }
    }
}
