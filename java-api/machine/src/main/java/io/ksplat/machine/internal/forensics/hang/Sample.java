// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.hang;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A running machine's CPUs at one moment, seen from outside.
 *
 * @param hostNs the host's monotonic clock, nanoseconds
 */
public record Sample(long hostNs, List<Cpu> cpus) {
    public Sample {
        cpus = List.copyOf(cpus);
    }

    /**
     * One CPU.
     *
     * @param beats the agent's heartbeats on it so far
     * @param rip its program counter
     * @param interruptsEnabled its flags register's IF
     * @param function the kernel function that {@code rip} lies in; empty in user code or where no symbol covers it
     * @param ranNs processor time that the vCPU's host thread has used so far, nanoseconds; empty where it cannot be read
     * @param registers its general registers, where they were read
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

        /** One whose general registers were not read. */
        public Cpu(
                int cpu,
                long beats,
                long rip,
                boolean interruptsEnabled,
                Optional<String> function,
                OptionalLong ranNs) {
            this(cpu, beats, rip, interruptsEnabled, function, ranNs, List.of());
        }

        boolean inUserCode() {
            return rip >= 0;
        }

        /** What a program counter without a symbol is told apart by: its page. */
        String place() {
            return function.orElseGet(() -> "0x" + Long.toHexString(rip & -4096));
        }
    }
}
