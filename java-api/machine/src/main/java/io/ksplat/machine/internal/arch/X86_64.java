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
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** x86-64. */
final class X86_64 extends Arch {
    static final X86_64 INSTANCE = new X86_64();

    private static final String ID = "x86_64";

    /**
     * Without option ROMs, because the firmware loads a kernel as well, and a ROM that only a booting machine has would keep its
     * state out of one that does not boot. Of QEMU's firmwares for microvm only qboot does; SeaBIOS, Debian 13's default, does not.
     */
    private static final String MICROVM = "microvm,acpi=on,rtc=on,x-option-roms=off,firmware=qboot.rom";

    /** In the order of gdb's numbers and of its packet {@code g}: seventeen of 64 bits, then flags and CS of 32. */
    private static final List<Register> GDB = List.of(
            Register.RAX,
            Register.RBX,
            Register.RCX,
            Register.RDX,
            Register.RSI,
            Register.RDI,
            Register.RBP,
            Register.RSP,
            Register.R8,
            Register.R9,
            Register.R10,
            Register.R11,
            Register.R12,
            Register.R13,
            Register.R14,
            Register.R15,
            Register.RIP,
            Register.RFLAGS,
            Register.CS);

    private static final int RELATIVE_CALL_BYTES = 5;

    private static final int GDB_BYTES = 17 * Long.BYTES + 2 * Integer.BYTES;

    private static final Set<Register> GENERAL = Collections.unmodifiableSet(EnumSet.range(Register.RAX, Register.R15));

    private static final int USER_MODE = 3;

    /** THREAD_SIZE (arch/x86/include/asm/page_64_types.h). */
    private static final long STACK_BYTES = 16 << 10;

    /** Of struct inactive_task_frame, after r15 to r12 and rbx (arch/x86/include/asm/switch_to.h). */
    private static final int SAVED_BP = 5 * Long.BYTES;

    private static final int ELF_HEADER_BYTES = 64;
    private static final int PROGRAM_HEADER_BYTES = 56;
    private static final long LOAD_ADDRESS = 0x400000;

    private final KernelFunctions functions = KernelFunctions.read(ID);

    private X86_64() {}

    @Override
    public String id() {
        return ID;
    }

    @Override
    public String qemu() {
        return "qemu-system-x86_64";
    }

    @Override
    public String machineType(boolean pcie) {
        return pcie ? MICROVM + ",pcie=on" : MICROVM;
    }

    @Override
    public String commonMachineType() {
        return "q35";
    }

    @Override
    public List<String> cpuArguments(Accelerator accelerator) {
        return switch (accelerator) {
            case KVM -> List.of("-accel", "kvm", "-cpu", "host");
            // A CPU model without AVX boots fastest: the self-tests of the kernel's crypto and RAID code take the time.
            // rdrand keeps the random generator from blocking.
            case TCG -> List.of("-accel", "tcg,thread=multi", "-cpu", "Nehalem,+rdrand");
        };
    }

    /**
     * microvm has no PIT that Linux would use, because its ACPI is hardware-reduced. So under TCG the kernel cannot calibrate the
     * TSC, which is the host's; KVM gives the frequency by CPUID and kvm-clock.
     */
    @Override
    public List<String> bootParameters(Accelerator accelerator, String tscKhz) {
        return switch (accelerator) {
            case KVM -> List.of();
            case TCG -> List.of("tsc_early_khz=" + tscKhz, "tsc=reliable");
        };
    }

    @Override
    public String serialConsole() {
        return "ttyS0";
    }

    /** By elf(5): write(1, line, length), then pause() for ever. */
    @Override
    public byte[] greeter(String line) {
        byte[] text = (line + "\n").getBytes(StandardCharsets.US_ASCII);
        byte[] before = HexFormat.of().parseHex("b801000000" + "bf01000000" + "488d3510000000" + "ba");
        byte[] after = HexFormat.of().parseHex("0f05" + "b822000000" + "0f05" + "ebf7");
        int size = ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES + before.length + 4 + after.length + text.length;
        ByteBuffer elf = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        elf.put(HexFormat.of().parseHex("7f454c46" + "02010100" + "0000000000000000"));
        elf.putShort((short) 2).putShort((short) 62).putInt(1);
        elf.putLong(LOAD_ADDRESS + ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES);
        elf.putLong(ELF_HEADER_BYTES).putLong(0).putInt(0);
        elf.putShort((short) ELF_HEADER_BYTES).putShort((short) PROGRAM_HEADER_BYTES);
        elf.putShort((short) 1).putShort((short) 0).putShort((short) 0).putShort((short) 0);
        elf.putInt(1).putInt(5).putLong(0).putLong(LOAD_ADDRESS).putLong(LOAD_ADDRESS);
        elf.putLong(size).putLong(size).putLong(0x1000);
        return elf.put(before).putInt(text.length).put(after).put(text).array();
    }

    @Override
    public Set<Register> generalRegisters() {
        return GENERAL;
    }

    @Override
    public int gdbNumber(Register register) {
        int number = GDB.indexOf(register);
        if (number < 0) {
            throw new IllegalArgumentException("gdb has no fixed number for " + register);
        }
        return number;
    }

    /** CR3 in QEMU's gdb-xml/i386-64bit.xml, after the segments, their three bases, CR0 and CR2. */
    @Override
    public int gdbNumberOfPageTable() {
        return 29;
    }

    /** RCX counts the iterations of a repeated string instruction. */
    @Override
    public List<Register> steppedRegisters() {
        return List.of(Register.RIP, Register.RCX);
    }

    @Override
    public Registers gdbRegisters(int cpu, byte[] answer) throws MachineException {
        if (answer.length < GDB_BYTES) {
            throw new MachineException(
                    "the gdbstub sent " + answer.length + " bytes of registers instead of " + GDB_BYTES + " or more");
        }
        ByteBuffer raw = ByteBuffer.wrap(answer).order(ByteOrder.LITTLE_ENDIAN);
        Map<Register, Long> values = new EnumMap<>(Register.class);
        for (Register register : GDB) {
            boolean half = register == Register.RFLAGS || register == Register.CS;
            values.put(register, half ? (long) raw.getInt() : raw.getLong());
        }
        return new Registers(cpu, values);
    }

    @Override
    public List<Registers> monitorRegisters(String text) throws MachineException {
        return X86RegisterText.parse(text);
    }

    @Override
    public boolean inUserMode(Registers registers) {
        return registers.rip() >= 0 && (registers.get(Register.CS) & USER_MODE) == USER_MODE;
    }

    @Override
    public Register firstArgument() {
        return Register.RDI;
    }

    /**
     * Looks for CALL rel32 (opcode E8) and JMP rel32 (E9), which ends a function by a call. Bytes within another instruction may look like one: no CPU
     * executes them.
     */
    @Override
    public List<Long> calls(byte[] code, long start, Set<Long> callees) {
        List<Long> calls = new ArrayList<>();
        ByteBuffer bytes = ByteBuffer.wrap(code).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at + RELATIVE_CALL_BYTES <= code.length; at++) {
            int opcode = code[at] & 0xff;
            if ((opcode == 0xe8 || opcode == 0xe9)
                    && callees.contains(start + at + RELATIVE_CALL_BYTES + bytes.getInt(at + 1))) {
                calls.add(start + at);
            }
        }
        return calls;
    }

    /** arch/x86/include/asm/idtentry.h. */
    @Override
    public String nmiEntrySymbol() {
        return "asm_exc_nmi";
    }

    /** The CPU has pushed SS, RSP, RFLAGS, CS and RIP (Intel SDM volume 3, 6.14.2). */
    @Override
    public long interruptedInstruction(Registers atEntry, GuestMemory memory) throws IOException {
        return memory.word(atEntry.get(Register.RSP));
    }

    @Override
    public long stackBytes() {
        return STACK_BYTES;
    }

    @Override
    public FrameCursor frames(Symbols symbols, OrcTable table, Registers registers, CachedMemory memory) {
        return OrcCursor.atStop(symbols, table, registers, memory);
    }

    @Override
    public FrameCursor callerFrames(Symbols symbols, OrcTable table, Registers registers, CachedMemory memory) {
        return OrcCursor.afterCall(symbols, table, registers, memory);
    }

    @Override
    public String savedStackPointer() {
        return "thread.sp";
    }

    @Override
    public Optional<Registers> sleeping(long sp, CachedMemory memory) {
        OptionalLong bp = memory.word(sp + SAVED_BP);
        OptionalLong returns = memory.word(sp + SAVED_BP + Long.BYTES);
        if (bp.isEmpty() || returns.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Registers(
                0,
                Map.of(
                        Register.RIP,
                        returns.getAsLong(),
                        Register.RSP,
                        sp + SAVED_BP + 2 * Long.BYTES,
                        Register.RBP,
                        bp.getAsLong())));
    }

    @Override
    public OptionalLong exchanged(byte[] code, Registers registers) {
        return X86Exchange.memory(code, registers);
    }

    @Override
    public List<Long> accessed(List<Instruction> code, Registers registers) {
        return X86SpinLoop.accesses(code, registers);
    }

    @Override
    public KernelFunctions functions() {
        return functions;
    }
}
