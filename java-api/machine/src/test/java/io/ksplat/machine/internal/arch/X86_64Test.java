// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.machine.MachineException;
import io.ksplat.machine.Register;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.forensics.memory.CachedMemory;
import io.ksplat.machine.internal.qemu.GuestMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class X86_64Test {
    private static final Arch ARCH = Arch.guest();
    private static final long STACK = 0xffffc90000003f00L;

    /** Memory whose words are their own addresses. */
    private static final GuestMemory SELF = (address, length) -> {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            bytes.putLong(address + bytes.position());
        }
        return bytes.array();
    };

    @Test
    void numbersRegistersAsGdbDoes() {
        // gdb's 64bit-core.xml: rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8 to r15, rip
        assertThat(ARCH.gdbNumber(Register.RAX)).isZero();
        assertThat(ARCH.gdbNumber(Register.RSP)).isEqualTo(7);
        assertThat(ARCH.gdbNumber(Register.R15)).isEqualTo(15);
        assertThat(ARCH.gdbNumber(Register.RIP)).isEqualTo(16);
        assertThat(ARCH.steppedRegisters().get(0)).isEqualTo(Register.RIP);
    }

    @Test
    void readsRegistersInTheOrderOfThePacket() throws Exception {
        ByteBuffer packet = ByteBuffer.allocate(17 * 8 + 2 * 4 + 100).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 17; i++) {
            packet.putLong(0x1000 + i);
        }
        packet.putInt(0x246).putInt(0x10);
        Registers registers = ARCH.gdbRegisters(3, packet.array());
        assertThat(registers.cpu()).isEqualTo(3);
        assertThat(registers.get(Register.RAX)).isEqualTo(0x1000);
        assertThat(registers.rip()).isEqualTo(0x1010);
        assertThat(registers.get(Register.RFLAGS)).isEqualTo(0x246);
        assertThat(registers.get(Register.CS)).isEqualTo(0x10);
        assertThatThrownBy(() -> ARCH.gdbRegisters(3, new byte[143])).isInstanceOf(MachineException.class);
    }

    @Test
    void anNmiPushesTheInterruptedInstructionLast() throws Exception {
        Registers atEntry = new Registers(0, Map.of(Register.RIP, 1L, Register.RSP, STACK));
        assertThat(ARCH.interruptedInstruction(atEntry, SELF)).isEqualTo(STACK);
    }

    @Test
    void aUserProgramHasALowAddressAndPrivilegeLevelThree() {
        assertThat(ARCH.inUserMode(new Registers(0, Map.of(Register.RIP, 0x401000L, Register.CS, 0x33L))))
                .isTrue();
        assertThat(ARCH.inUserMode(new Registers(0, Map.of(Register.RIP, 0x401000L, Register.CS, 0x10L))))
                .isFalse();
        assertThat(ARCH.inUserMode(new Registers(0, Map.of(Register.RIP, -4096L, Register.CS, 0x33L))))
                .isFalse();
    }

    @Test
    void aTaskThatSleepsReturnsToWhatItSavedLast() {
        Registers left = ARCH.sleeping(STACK, new CachedMemory(SELF)).orElseThrow();
        assertThat(left.get(Register.RBP)).isEqualTo(STACK + 40);
        assertThat(left.rip()).isEqualTo(STACK + 48);
        assertThat(left.get(Register.RSP)).isEqualTo(STACK + 56);
        assertThat(ARCH.sleeping(STACK, new CachedMemory((address, length) -> {
                    throw new IOException("not mapped");
                })))
                .isEmpty();
    }

    @Test
    void findsDirectCalls() {
        long start = 0xffffffff81000000L;
        // nop; call +0x100; jmp -0x100; call 0 (of something else); a call that is cut off
        byte[] code = HexFormat.of().parseHex("90" + "e800010000" + "e900ffffff" + "e800000000" + "e80001");
        long called = start + 6 + 0x100;
        long jumpedTo = start + 11 - 0x100;
        assertThat(ARCH.calls(code, start, Set.of(called, jumpedTo))).containsExactly(start + 1, start + 6);
        assertThat(ARCH.calls(code, start, Set.of(called + 1))).isEmpty();
    }

    @Test
    void aGreeterIsAnExecutableOfThisArchitecture() {
        ByteBuffer elf = ByteBuffer.wrap(ARCH.greeter("hello")).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(elf.getInt(0)).isEqualTo(0x464c457f);
        assertThat(elf.getShort(18)).isEqualTo((short) 62);
        assertThat(elf.getLong(64 + 32)).isEqualTo(elf.capacity());
        assertThat(new String(elf.array(), java.nio.charset.StandardCharsets.US_ASCII))
                .endsWith("hello\n");
    }
}
