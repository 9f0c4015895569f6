// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.machine.MachineException;
import io.ksplat.machine.Register;
import io.ksplat.machine.Registers;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class X86RegisterTextTest {
    /** Two CPUs of a Linux 7.2 under QEMU 7.2: one in user code, one idle in the kernel. */
    private final String real = resource("/vm/qemu-7.2-registers.txt");

    private static String resource(String name) {
        try (InputStream in = X86RegisterTextTest.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void readsEveryRegisterOfEveryCpu() throws MachineException {
        List<Registers> cpus = X86RegisterText.parse(real);
        assertThat(cpus).extracting(Registers::cpu).containsExactly(0, 1);
        Registers kernel = cpus.get(1);
        assertThat(kernel.values()).containsOnlyKeys(Register.values());
        assertThat(kernel.get(Register.RAX)).isEqualTo(1);
        assertThat(kernel.get(Register.RBX)).isZero();
        assertThat(kernel.get(Register.RCX)).isEqualTo(0xffff8880047d0000L);
        assertThat(kernel.get(Register.RDX)).isZero();
        assertThat(kernel.get(Register.RDI)).isEqualTo(0xc423c);
        assertThat(kernel.get(Register.RBP)).isEqualTo(0xffff8880047d0000L);
        assertThat(kernel.get(Register.RSP)).isEqualTo(0xffffc900000afeb0L);
        assertThat(kernel.get(Register.R8)).isEqualTo(0xfffffffff642241fL);
        assertThat(kernel.get(Register.R9)).isEqualTo(0x556);
        assertThat(kernel.get(Register.R10)).isEqualTo(0x24b67f872L);
        assertThat(kernel.rip()).isEqualTo(0xffffffff822406cfL);
        assertThat(kernel.get(Register.RFLAGS)).isEqualTo(0x292);
        assertThat(kernel.interruptsEnabled()).isTrue();
        assertThat(kernel.get(Register.CS)).isEqualTo(0x10);
        assertThat(kernel.get(Register.GS_BASE)).isEqualTo(0xffff88808bb5b000L);
        assertThat(kernel.get(Register.CR3)).isEqualTo(0x5e5e000);
        Registers user = cpus.get(0);
        assertThat(user.get(Register.RSI)).isEqualTo(4);
        assertThat(user.get(Register.R11)).isEqualTo(0x293);
        assertThat(user.get(Register.R12)).isEqualTo(0x7f32739cb1fcL);
        assertThat(user.get(Register.R13)).isEqualTo(2);
        assertThat(user.get(Register.R14)).isEqualTo(0x7fff7746bc70L);
        assertThat(user.get(Register.R15)).isEqualTo(0x7fff7746bd58L);
        assertThat(user.rip()).isEqualTo(0x404690);
        assertThat(user.get(Register.CS)).isEqualTo(0x33);
        assertThat(user.get(Register.GS_BASE)).isZero();
    }

    @Test
    void readsTheMonitorsLineEndsAsWell() throws MachineException {
        assertThat(X86RegisterText.parse(real.replace("\n", "\r\n"))).isEqualTo(X86RegisterText.parse(real));
    }

    @Test
    void seesInterruptsDisabled() throws MachineException {
        List<Registers> cpus = X86RegisterText.parse(real.replace("RFL=00000292", "RFL=00000092"));
        assertThat(cpus.get(1).interruptsEnabled()).isFalse();
        assertThat(cpus.get(0).interruptsEnabled()).isTrue();
    }

    @Test
    void readsMoreThanTenCpus() throws MachineException {
        StringBuilder text = new StringBuilder();
        for (int cpu = 0; cpu < 16; cpu++) {
            text.append("CPU#").append(cpu).append(String.format("%nRIP=%016x RFL=00000002%n", 0x1000 + cpu));
        }
        List<Registers> cpus = X86RegisterText.parse(text.toString());
        assertThat(cpus).hasSize(16);
        assertThat(cpus.get(12).cpu()).isEqualTo(12);
        assertThat(cpus.get(12).rip()).isEqualTo(0x100c);
    }

    @Test
    void readsACpuThatWasNeverBroughtUp() throws MachineException {
        // As QEMU 7.2 prints the second CPU of a guest booted with maxcpus=1.
        List<Registers> cpus = X86RegisterText.parse("""
                CPU#1
                EAX=00000000 EBX=00000000 ECX=00000000 EDX=000106a5
                ESI=00000000 EDI=00000000 EBP=00000000 ESP=00000000
                EIP=0000fff0 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=1
                ES =0000 00000000 0000ffff 00009300
                CS =f000 ffff0000 0000ffff 00009b00
                GS =0000 00000000 0000ffff 00009300
                CR0=60000010 CR2=00000000 CR3=00000000 CR4=00000000
                """);
        assertThat(cpus).hasSize(1);
        assertThat(cpus.get(0).cpu()).isEqualTo(1);
        assertThat(cpus.get(0).rip()).isEqualTo(0xfff0);
        assertThat(cpus.get(0).get(Register.RDX)).isEqualTo(0x106a5);
        assertThat(cpus.get(0).get(Register.CS)).isEqualTo(0xf000);
        assertThat(cpus.get(0).interruptsEnabled()).isFalse();
    }

    @Test
    void doesNotTakeOtherWordsForRegisters() throws MachineException {
        List<Registers> cpus =
                X86RegisterText.parse("CPU#0\nRIP=0000000000001000\nXRIP=0000000000002000 DR3=0000000000003000"
                        + " RIP=12345 RSP=zzzzzzzzzzzzzzzz RAX=00000000000000001\n");
        assertThat(cpus.get(0).values()).containsOnlyKeys(Register.RIP);
        assertThat(cpus.get(0).rip()).isEqualTo(0x1000);
    }

    @Test
    void refusesTextWithoutACpuAndQuotesIt() {
        for (String text :
                List.of("", "unknown command: 'info registers'", "RIP=0000000000001000", "CPU#99999999999\n")) {
            assertThatThrownBy(() -> X86RegisterText.parse(text))
                    .isInstanceOf(MachineException.class)
                    .hasMessage("QEMU printed no registers but: " + text.strip());
        }
    }

    @Test
    void refusesACpuWithoutItsProgramCounter() {
        assertThatThrownBy(() -> X86RegisterText.parse("CPU#0\nRIP=0000000000001000\nCPU#1\nRAX=0000000000000000\n"))
                .isInstanceOf(MachineException.class)
                .hasMessage("QEMU printed no RIP for CPU 1");
    }

    @Test
    void fallsOverNoGarbage() {
        Random random = new Random(1);
        for (int round = 0; round < 2000; round++) {
            byte[] bytes = real.getBytes(UTF_8);
            for (int i = 0; i < 20; i++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            int from = random.nextInt(bytes.length);
            String text = new String(bytes, from, random.nextInt(bytes.length - from), UTF_8);
            try {
                assertThat(X86RegisterText.parse(text)).isNotEmpty();
            } catch (MachineException refused) {
                assertThat(refused).hasMessageStartingWith("QEMU printed no ");
            }
        }
    }
}
