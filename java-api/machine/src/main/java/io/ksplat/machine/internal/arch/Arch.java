// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

import io.ksplat.kernel.internal.symbols.Disassembler.Instruction;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.Register;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.forensics.memory.CachedMemory;
import io.ksplat.machine.internal.qemu.GuestMemory;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The guest's architecture: everything about a machine that depends on its processor.
 *
 * <p>To add one, arm64 for example:
 *
 * <ol>
 *   <li>Add its registers to {@link Register}, and its rows to {@code functions.txt}.
 *   <li>Write its class here with the section "QEMU", "registers" and {@link #functions}: that is enough to boot and to sample a
 *       machine. Let {@link #guest} choose it.
 *   <li>Write a {@link FrameCursor} for it, for example one that follows frame pointers, and {@link #frames} and
 *       {@link #sleeping}: then stacks are unwound. {@link OrcTable} is x86-64's: give {@code Unwinder} and {@code HangAnalysis} a
 *       way without one.
 *   <li>Write {@link #accessed} for its assembly: then the lock that a CPU spins for is found.
 *   <li>Write {@link #nmiEntrySymbol} and {@link #interruptedInstruction} if it has NMIs.
 *   <li>Move here what still reads x86-64's kernel data: {@code KernelData.currentTask}, {@code KernelView.nmis} and
 *       {@code VmCore.Layout}; and in the public API {@code Registers.interruptsEnabled} and {@code StoppedCpu}.
 * </ol>
 */
public abstract sealed class Arch permits X86_64 {
    /** Returns the architecture of the guests that ksplat runs. */
    public static Arch guest() {
        return X86_64.INSTANCE;
    }

    /** Returns its name as the kernel's {@code uname -m} and the column {@code arch} of {@code functions.txt} spell it. */
    public abstract String id();

    // QEMU

    /** Returns the name of QEMU's program. */
    public abstract String qemu();

    /**
     * Returns the value of {@code -machine} for a small machine.
     *
     * @param pcie whether its virtio devices are on PCI Express instead of virtio-mmio
     */
    public abstract String machineType(boolean pcie);

    /** Returns the value of {@code -machine} for the machine that an ordinary user of QEMU starts. */
    public abstract String commonMachineType();

    /** Returns QEMU's arguments that choose the accelerator and the CPU model. */
    public abstract List<String> cpuArguments(Accelerator accelerator);

    /**
     * Returns the boot parameters that the machine type needs under an accelerator.
     *
     * @param tscKhz the frequency of the host's time stamp counter in kHz
     */
    public abstract List<String> bootParameters(Accelerator accelerator, String tscKhz);

    /** Returns the kernel's name of the first serial port. */
    public abstract String serialConsole();

    /** Returns a static ELF program that writes a line to its stdout and then sleeps for ever. */
    public abstract byte[] greeter(String line);

    // registers

    /** Returns the registers that code computes with: a loop that waits leaves them as they are. */
    public abstract Set<Register> generalRegisters();

    /** Returns gdb's number of a register that can be read on its own. */
    public abstract int gdbNumber(Register register);

    /** Returns gdb's number of the register that points to the page tables. */
    public abstract int gdbNumberOfPageTable();

    /**
     * Returns the registers of which one changes with each instruction, the program counter first. The others are the counters of
     * repeated instructions, which leave the program counter where it is.
     */
    public abstract List<Register> steppedRegisters();

    /**
     * Parses the answer to gdb's packet {@code g}.
     *
     * @throws MachineException if it is too short
     */
    public abstract Registers gdbRegisters(int cpu, byte[] answer) throws MachineException;

    /**
     * Parses the text of the monitor's {@code info registers -a}, one entry for each CPU.
     *
     * @throws MachineException if a CPU has no program counter, or there is no CPU
     */
    public abstract List<Registers> monitorRegisters(String text) throws MachineException;

    /** Returns whether a CPU runs a user program. */
    public abstract boolean inUserMode(Registers registers);

    /** Returns the register that holds a function's first argument when the function begins. */
    public abstract Register firstArgument();

    // NMI

    /** Returns the symbol of the kernel's first instruction of an NMI. */
    public abstract String nmiEntrySymbol();

    /**
     * Returns the instruction that a CPU resumes after an NMI.
     *
     * @param atEntry its registers at {@link #nmiEntrySymbol}
     * @param memory as that CPU maps it
     */
    public abstract long interruptedInstruction(Registers atEntry, GuestMemory memory) throws IOException;

    // stacks

    /** Returns the size of a task's kernel stack, which is aligned to it. */
    public abstract long stackBytes();

    /** Returns a cursor at the frame in which a CPU stopped. */
    public abstract FrameCursor frames(Symbols symbols, OrcTable table, Registers registers, CachedMemory memory);

    /** Returns a cursor at a frame that has called another function: its registers are those that the callee restores. */
    public abstract FrameCursor callerFrames(Symbols symbols, OrcTable table, Registers registers, CachedMemory memory);

    /** Returns the member of {@code task_struct} that holds the stack pointer of a task that is on no CPU. */
    public abstract String savedStackPointer();

    /**
     * Returns the registers with which a task that is on no CPU will return from the switch, as far as its stack tells.
     *
     * @param sp the value of {@link #savedStackPointer}
     * @return empty if the stack cannot be read
     */
    public abstract Optional<Registers> sleeping(long sp, CachedMemory memory);

    // code

    /**
     * Returns the addresses of memory that a CPU is about to read or write, as far as its registers tell, in the order in which the
     * instructions come. A loop that waits for a lock reads the lock.
     *
     * @param code of the function in which the CPU is, from its start
     */
    public abstract List<Long> accessed(List<Instruction> code, Registers registers);

    /**
     * Returns the address of the memory that an instruction exchanges atomically, as all do that take a lock; empty if it is another
     * instruction.
     *
     * @param code the instruction, and what comes behind it
     * @param registers the values before it
     */
    public abstract OptionalLong exchanged(byte[] code, Registers registers);

    /**
     * Returns the addresses of the instructions that call one of some functions directly.
     *
     * @param code of a function, from its start
     * @param start its address
     * @param callees the addresses of the functions that are called
     */
    public abstract List<Long> calls(byte[] code, long start, Set<Long> callees);

    /** Returns the kernel functions that are known by name. */
    public abstract KernelFunctions functions();
}
