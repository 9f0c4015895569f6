// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import java.util.EnumMap;
import java.util.Map;

/**
 * One CPU's registers at one moment. Registers that the source did not give read as 0.
 *
 * <pre>{@code
 * Optional<Landing> landing = machine.nmi()
 *         .aimAt("vfs_unlink")
 *         .when((StoppedCpu cpu) -> cpu.registers().get(Register.RDI) != 0)
 *         .fire();
 * }</pre>
 */
public record Registers(int cpu, Map<Register, Long> values) {
    private static final long RFLAGS_IF = 1L << 9;

    public Registers {
        values = Map.copyOf(values);
    }

    public long get(Register register) {
        return values.getOrDefault(register, 0L);
    }

    public long rip() {
        return get(Register.RIP);
    }

    public boolean interruptsEnabled() {
        return (get(Register.RFLAGS) & RFLAGS_IF) != 0;
    }

    public Registers with(Register register, long value) {
        Map<Register, Long> changed = new EnumMap<>(Register.class);
        changed.putAll(values);
        changed.put(register, value);
        return new Registers(cpu, changed);
    }
}
