// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.llvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JitedTextTest {
    private static final String FIRST = "f30f1efa" + "4883f821" + "7703" + "50" + "7600" + "5d" + "c3";
    private static final String SECOND = "eb00" + "31c0" + "e800100000";

    private static ByteBuffer code(String hex) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(hex));
    }

    /** Two jumps to one place count twice: what comes after it in the order of addresses would be L2. */
    @Test
    void isWhatTestLoaderCompares() throws IOException {
        assertThat(JitedText.of(code(FIRST + SECOND), List.of(FIRST.length() / 2, SECOND.length() / 2)))
                .isEqualTo("""
                        func #0:
                        0:\tf3 0f 1e fa                         \tendbr64
                        4:\t48 83 f8 21                         \tcmpq\t$0x21, %rax
                        8:\t77 03                               \tja\tL0
                        a:\t50                                  \tpushq\t%rax
                        b:\t76 00                               \tjbe\tL0
                        d:\t5d                                  L1:\tpopq\t%rbp
                        e:\tc3                                  \tretq

                        func #1:
                        0:\teb 00                               \tjmp\tL0
                        2:\t31 c0                               L0:\txorl\t%eax, %eax
                        4:\te8 00 10 00 00                      \tcallq\t0x1009

                        """);
    }

    @Test
    void whatIsNoCodeIsSaid() {
        assertThatThrownBy(() -> JitedText.of(code("c306"), List.of(2)))
                .isInstanceOf(IOException.class)
                .hasMessage("LLVM finds no instruction in the machine code at 1: 06 ");
        assertThatThrownBy(() -> JitedText.of(code("c3"), List.of(2)))
                .hasMessage("function 0 of the machine code has 2 bytes at 0, and all of it 1");
    }

    @Test
    void theNewestLibraryIsTaken(@TempDir Path usr) throws IOException {
        assertThat(LlvmLibrary.newest(usr)).isEmpty();
        for (String name : List.of(
                "lib/x86_64-linux-gnu/libLLVM-14.so.1",
                "lib/x86_64-linux-gnu/libLLVM.so.19.1",
                "lib/llvm-9/lib/libLLVM-9.0.1.so",
                "lib/x86_64-linux-gnu/libLLVMX.so.99")) {
            Path file = usr.resolve(name);
            Files.createDirectories(file.resolveSibling(""));
            Files.createFile(file);
        }
        assertThat(LlvmLibrary.newest(usr)).contains(usr.resolve("lib/x86_64-linux-gnu/libLLVM.so.19.1"));
        assertThat(LlvmLibrary.version("libLLVM-14.0.6.so.1")).isEqualTo(14);
        assertThat(LlvmLibrary.version("libLLVM.so.20.1")).isEqualTo(20);
        assertThat(LlvmLibrary.version("libLLVM.so")).isZero();
    }
}
