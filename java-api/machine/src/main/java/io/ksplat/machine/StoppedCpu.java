// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.qemu.GdbStub;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A CPU that stands where an NMI was aimed, for a condition to look at. Each look costs a question to QEMU. */
public final class StoppedCpu {
    private final GdbStub gdb;
    private final Symbols symbols;
    private final int cpu;

    StoppedCpu(GdbStub gdb, Symbols symbols, int cpu) {
        this.gdb = gdb;
        this.symbols = symbols;
        this.cpu = cpu;
    }

    /** Must hold for an NMI to be sent. */
    @FunctionalInterface
    public interface Condition {
        boolean holds(StoppedCpu cpu) throws IOException;
    }

    public int number() {
        return cpu;
    }

    /** A register; at a function's first instruction its arguments are in RDI, RSI, RDX, RCX, R8 and R9. */
    public long register(Register register) throws IOException {
        return registers().get(register);
    }

    public Registers registers() throws IOException {
        return gdb.registers(cpu);
    }

    /** The address of one of the kernel's variables. */
    public long variable(String name) {
        return symbols.address(name)
                .orElseThrow(
                        () -> new IllegalArgumentException("this kernel has no variable " + name + symbols.hint(name)));
    }

    /** The address of this CPU's own copy of a per-CPU variable (arch/x86/kernel/setup_percpu.c). */
    public long perCpu(String name) throws IOException {
        return variable(name) + word(variable("__per_cpu_offset") + (long) cpu * Long.BYTES);
    }

    /** 64 bits of kernel memory. */
    public long word(long address) throws IOException {
        return bytes(address, Long.BYTES).getLong();
    }

    /** 32 bits of kernel memory: a spin lock is free if they are 0. */
    public int half(long address) throws IOException {
        return bytes(address, Integer.BYTES).getInt();
    }

    /** Kernel memory, in the guest's byte order. */
    public ByteBuffer bytes(long address, int length) throws IOException {
        return ByteBuffer.wrap(gdb.read(cpu, address, length)).order(ByteOrder.LITTLE_ENDIAN);
    }
}
