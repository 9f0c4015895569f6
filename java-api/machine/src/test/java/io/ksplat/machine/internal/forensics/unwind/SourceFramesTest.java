// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.unwind;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.bpf.BpfLine;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Stack;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.DebugInfo;
import io.ksplat.kernel.internal.symbols.Symbols;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With the DWARF of a program that is laid out as a kernel is: a function of each kind, two of one name. */
class SourceFramesTest {
    private static final String MAIN = """
            __asm__(".globl _text; _text:");
            volatile int sink;
            void other(void);
            static inline __attribute__((always_inline)) void inner(void)
            {
                sink++;
                __asm__ volatile("call *%%rax" ::: "memory");
                sink++;
            }
            __attribute__((noinline)) void outer(void)
            {
                inner();
            }
            static __attribute__((noinline, used)) void twin(void)
            {
                sink += 2;
            }
            void start_kernel(void)
            {
                outer();
                twin();
                other();
            }
            """;

    private static final String OTHER = """
            extern volatile int sink;
            static __attribute__((noinline, used)) void twin(void)
            {

                sink += 3;
            }
            void other(void)
            {
                twin();
            }
            """;

    @TempDir
    static Path folder;

    private static Path vmlinux;
    private static Symbols linked;

    @BeforeAll
    static void build() throws Exception {
        Files.createDirectories(folder.resolve("init"));
        Files.writeString(folder.resolve("init/main.c"), MAIN);
        Files.writeString(folder.resolve("init/other.c"), OTHER);
        vmlinux = folder.resolve("vmlinux");
        run(
                "gcc",
                "-g",
                "-O1",
                "-nostdlib",
                "-static",
                "-no-pie",
                "-mcmodel=kernel",
                "-fno-pic",
                "-Wl,--build-id=none",
                "-Wl,-Ttext=0xffffffff81000000",
                "-Wl,-e,start_kernel",
                "-fno-toplevel-reorder",
                "-o",
                vmlinux.toString(),
                folder + "/init/main.c",
                folder + "/init/other.c");
        linked = Symbols.parse(run("nm", "-n", vmlinux.toString()));
    }

    private static byte[] run(String... command) throws Exception {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        byte[] out = process.getInputStream().readAllBytes();
        assertThat(process.waitFor()).isZero();
        return out;
    }

    private static SourceFrames sources(Symbols symbols, BpfLine... lines) throws IOException {
        return new SourceFrames(symbols, Optional.of(DebugInfo.of(vmlinux, linked)), List.of(lines));
    }

    private static List<String> located(SourceFrames sources, Frame... frames) throws Exception {
        Evidence evidence = new Evidence(
                EvidenceKind.OOPS,
                "",
                "",
                List.of(),
                List.of(),
                List.of(new Stack(OptionalInt.empty(), "task", List.of(frames))),
                Source.CONSOLE,
                OptionalDouble.empty());
        List<String> shown = new ArrayList<>();
        for (Frame frame :
                sources.locate(List.of(evidence)).get(0).stacks().get(0).frames()) {
            shown.add((frame.certain() ? "" : "? ")
                    + frame.function()
                    + frame.file()
                            .map(file -> " " + file + ":" + frame.line().orElse(0))
                            .orElse("")
                    + (frame.inlined() ? " inlined" : ""));
        }
        return shown;
    }

    /** Right behind the call in it. */
    private static long returnInOuter() throws Exception {
        byte[] file = Files.readAllBytes(vmlinux);
        for (int i = 0; i + 1 < file.length; i++) {
            if ((file[i] & 0xff) == 0xff && (file[i + 1] & 0xff) == 0xd0) {
                // The first page of the text segment lies at a multiple of its size.
                return 0xffffffff81000000L
                        + (i & 0xfff)
                        + 2
                        - linked.address("outer").orElseThrow();
            }
        }
        throw new AssertionError("no call in " + vmlinux);
    }

    @Test
    void aReturnAddressBelongsToTheLineOfItsCall() throws Exception {
        assertThat(located(sources(linked), Frame.of("outer", returnInOuter())))
                .containsExactly("inner init/main.c:7 inlined", "outer init/main.c:12");
    }

    @Test
    void anInstructionPointerToTheLineOfTheNextInstruction() throws Exception {
        assertThat(located(sources(linked), Frame.of("outer", returnInOuter()).asPointer()))
                .containsExactly("inner init/main.c:8 inlined", "outer init/main.c:12");
    }

    @Test
    void anUncertainFrameStaysUncertainWithAllThatIsInlined() throws Exception {
        assertThat(located(sources(linked), Frame.of("outer", returnInOuter()).uncertain()))
                .containsExactly("? inner init/main.c:7 inlined", "? outer init/main.c:12");
    }

    @Test
    void aNameThatTwoFunctionsShareTellsNoLine() throws Exception {
        assertThat(linked.named("twin")).hasSize(2);
        assertThat(located(sources(linked), Frame.of("twin", 1))).containsExactly("twin");
    }

    @Test
    void aKernelThatKaslrMovedHasTheSameLines() throws Exception {
        Symbols moved = linked.slidBy(0x1e0_0000);
        assertThat(moved.address("outer")).isNotEqualTo(linked.address("outer"));
        assertThat(located(sources(moved), Frame.of("outer", returnInOuter())))
                .containsExactly("inner init/main.c:7 inlined", "outer init/main.c:12");
    }

    @Test
    void programsHaveTheirOwnLines() throws Exception {
        String name = "bpf_prog_0123456789abcdef_on_nmi";
        Symbols symbols = linked.plus(List.of(Symbol.bpf(name, 0x7000, 0x100)));
        SourceFrames sources =
                sources(symbols, new BpfLine(0x7000, "./a.bpf.c", 10), new BpfLine(0x7040, "./a.bpf.c", 12));
        assertThat(located(sources, Frame.of(name, 0x40), Frame.of(name, 0x41), Frame.of(name, 0xff)))
                .containsExactly(name + " a.bpf.c:10", name + " a.bpf.c:12", name + " a.bpf.c:12");
    }

    @Test
    void withoutDebugInformationNothingChanges() throws Exception {
        SourceFrames none = new SourceFrames(
                Symbols.parse("1000000 T _text\n1000100 T outer\n".getBytes(UTF_8)), Optional.empty(), List.of());
        assertThat(located(none, Frame.of("outer", 4))).containsExactly("outer");
    }
}
