// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.machine.Register;
import io.ksplat.machine.Registers;
import java.util.HexFormat;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class X86ExchangeTest {
    private static final Registers REGISTERS = new Registers(
            0,
            Map.of(
                    Register.RIP, 0x1000L,
                    Register.RBX, 0x100000L,
                    Register.RDI, 0x200000L,
                    Register.RSP, 0x300000L,
                    Register.R12, 0x400000L,
                    Register.R13, 0x500000L,
                    Register.RCX, 0x10L));

    private static OptionalLong memory(String code) {
        return X86Exchange.memory(HexFormat.of().parseHex(code), REGISTERS);
    }

    /** Each as GNU as assembles it. */
    @ParameterizedTest
    @CsvSource({
        // lock cmpxchg %edx,(%rdi)
        "f00fb117, 200000",
        // lock cmpxchg %edx,0x8(%r12)
        "f0410fb1542408, 400008",
        // lock cmpxchg %al,-0x8(%rsp)
        "f00fb04424f8, 2ffff8",
        // lock cmpxchg %rdx,(%rbx,%rcx,8)
        "f0480fb114cb, 100080",
        // lock cmpxchg %edx,0x0(%r13)
        "f0410fb15500, 500000",
        // lock cmpxchg %edx,0x20000(,%rcx,4)
        "f00fb1148d00000200, 20040",
        // lock cmpxchg %edx,0x100(%rip), of eight bytes
        "f00fb11500010000, 1108",
        // lock xadd %eax,-0x100(%rbx)
        "f00fc18300ffffff, fff00",
        // lock btsl $0x0,(%rbx)
        "f00fba2b00, 100000",
        // lock btsl $0x3,0x100(%rip), of nine
        "f00fba2d0001000003, 1109",
        // lock cmpxchg16b (%rdi)
        "f0480fc70f, 200000",
        // xchg %eax,(%rbx); xchg %al,(%rdi); xchg %r9,(%rbx)
        "8703, 100000",
        "8607, 200000",
        "4c870b, 100000"
    })
    void whatTakesALockNamesItsWord(String code, String address) {
        assertThat(memory(code)).hasValue(Long.parseLong(address, 16));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // cmpxchg %edx,(%rdi): no other CPU sees it at once
                "0fb117",
                // lock incl (%rbx); lock orl $0x1,(%rbx); lock btrl $0x0,(%rbx)
                "f0ff03",
                "f0830b01",
                "f00fba3300",
                // xchg %ecx,%ebx
                "87cb",
                // xchg %rax,%gs:(%rbx): of this CPU alone
                "65488703",
                // mov (%rdi),%eax; nop; endbr64
                "8b07",
                "90",
                "f30f1efa",
                // cut off
                "f00fb1",
                "f00fb183000001",
                "f0"
            })
    void whatTakesNoneHasNone(String code) {
        assertThat(memory(code)).isEmpty();
    }
}
