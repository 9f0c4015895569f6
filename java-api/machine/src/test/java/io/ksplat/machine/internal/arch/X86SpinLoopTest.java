// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.kernel.internal.symbols.Disassembler;
import io.ksplat.kernel.internal.symbols.Disassembler.Instruction;
import io.ksplat.machine.Register;
import io.ksplat.machine.Registers;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class X86SpinLoopTest {
    private static final long CODE = 0xffffffff81674163L;
    private static final long LOCK = 0xffff88800f82b1f0L;

    private static Registers at(long rip) {
        return new Registers(0, Map.of(Register.RIP, rip, Register.RBX, LOCK, Register.RAX, 1L, Register.RBP, 0x1000L));
    }

    private static Instruction line(long address, String text) {
        return new Instruction(address, text);
    }

    @Test
    void aLoopReadsTheLock() throws Exception {
        // movzbl (%rbx),%eax; test %al,%al; je +b; pause; movzbl (%rbx),%eax; test %al,%al; jne -9; ret
        byte[] code = HexFormat.of().parseHex("0fb60384c0740bf3900fb60384c075f7c3");
        List<Instruction> text = Disassembler.disassemble(CODE, code);
        assertThat(text).hasSize(8);
        for (Instruction instruction : text.subList(0, 7)) {
            assertThat(X86SpinLoop.accesses(text, at(instruction.address()))).containsExactly(LOCK);
        }
        assertThat(X86SpinLoop.accesses(text, at(CODE + 1))).isEmpty();
    }

    @Test
    void whatARegisterHeldBeforeItWasWrittenIsNoAddress() {
        List<Instruction> code = List.of(
                line(0, "mov    %rax,%rbx"), line(3, "mov    (%rbx),%eax"), line(5, "jmp    0x3"), line(7, "ret"));
        assertThat(X86SpinLoop.accesses(code, at(0))).isEmpty();
        assertThat(X86SpinLoop.accesses(code, at(3))).containsExactly(LOCK);
    }

    @Test
    void segmentsIndexesStacksAndAddressesThatAreOnlyComputedDoNotCount() {
        List<Instruction> code = List.of(
                line(0, "mov    %gs:0x28(%rbx),%rax"),
                line(1, "mov    0x8(%rbx,%rcx,8),%rax"),
                line(2, "lea    0x8(%rbx),%rdx"),
                line(3, "mov    0x10(%rsp),%rdx"),
                line(4, "nopl   0x0(%rbx)"),
                line(5, "cmpl   $0x0,-0x8(%rbp)"),
                line(6, "ret"),
                line(7, "mov    (%rbx),%rax"));
        assertThat(X86SpinLoop.accesses(code, at(0))).containsExactly(0xff8L);
    }

    @Test
    void anEndlessListOfJumpsEnds() {
        List<Instruction> code = List.of(line(0, "jmp    0x1"), line(1, "jmp    0x0"));
        assertThat(X86SpinLoop.accesses(code, at(0))).isEmpty();
    }
}
