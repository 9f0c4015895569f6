// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names are wrong on purpose: what is in a file counts. */
class FileKindTest {
    @TempDir
    Path folder;

    private Path file(String text) throws IOException {
        return file(text.getBytes(StandardCharsets.UTF_8));
    }

    private Path file(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("file.sh"), bytes);
    }

    private FileKind kind(String text) throws IOException {
        return FileKind.of(file(text));
    }

    private static byte[] elf(int type, int machine, long entry) {
        ByteBuffer header = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        header.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
        header.putShort(16, (short) type).putShort(18, (short) machine).putLong(24, entry);
        return header.array();
    }

    @Test
    void cWithAMainIsAProgram() throws IOException {
        assertThat(kind("#include <err.h>\nint main(void)\n{\n}\n")).isEqualTo(FileKind.PROGRAM);
        assertThat(kind("int\nmain(int argc, char *argv[])\n{\n}\n")).isEqualTo(FileKind.PROGRAM);
        assertThat(kind("main(argc, argv)\nint argc;\nchar **argv;\n{\n}\n")).isEqualTo(FileKind.PROGRAM);
        assertThat(kind("// SEC(\"x\")\nstatic void a(void) { }\nint main() { puts(\"/*\"); }\n"))
                .isEqualTo(FileKind.PROGRAM);
    }

    @Test
    void aTestOfLtpIsAProgram() throws IOException {
        assertThat(kind("#include \"tst_test.h\"\nstatic struct tst_test test = {\n\t.test_all = run,\n};\n"))
                .isEqualTo(FileKind.PROGRAM);
        assertNone("#include \"tst_test.h\"\n// static struct tst_test test = {\n", "C without a main");
    }

    @Test
    void aMainInACommentOrAStringIsNone() throws IOException {
        assertThat(
                        kind(
                                "/* int main(void) { */\n#include \"vmlinux.h\"\nSEC(\"syscall\")\nint a(void *c) { return 0; }\n"))
                .isEqualTo(FileKind.BPF);
        assertThat(kind("// int main(void) {\nSEC(\"tc\") int a(void *c) { return x(\"int main() {\"); }\n"))
                .isEqualTo(FileKind.BPF);
    }

    /** As verifier_tailcall_jit.c has it. */
    @Test
    void aProgramOfBpfMayBeCalledMain() throws IOException {
        String main = "SEC(\"tc\")\n__naked int main(void)\n{\n}\n";
        assertThat(kind(main + "char _license[] SEC(\"license\") = \"GPL\";\n")).isEqualTo(FileKind.BPF);
        assertThat(kind(main)).isEqualTo(FileKind.PROGRAM);
    }

    @Test
    void aClassIsJava() throws IOException {
        assertThat(kind("// c\nimport io.ksplat.junit.KernelTest;\n\n@KernelTest\nclass A {\n}\n"))
                .isEqualTo(FileKind.JAVA);
        assertThat(
                        kind(
                                "package a.b;\npublic final class A extends B {\n  public static void main(String[] a) {}\n}\n"))
                .isEqualTo(FileKind.JAVA);
        assertThat(FileKind.of(Files.writeString(folder.resolve("Broken.java"), "clas A {")))
                .as("the compiler says it better")
                .isEqualTo(FileKind.JAVA);
    }

    @Test
    void aVariantOfAProgramIsToldByWhatItIncludes() throws IOException {
        Files.writeString(folder.resolve("base.c"), "#include \"base.c\"\nint main(void) { return 0; }\n");
        Files.writeString(folder.resolve("between.h"), "#include \"base.c\"\n");
        assertThat(kind("#define LATE\n#include \"between.h\"\n")).isEqualTo(FileKind.PROGRAM);
        Files.writeString(folder.resolve("self.h"), "#include \"self.h\"\n");
        assertNone("#include \"self.h\"\n#include \"absent.h\"\n", "C without a main");
    }

    @Test
    void anInterpretersIsAScript() throws IOException {
        assertThat(kind("#!/bin/sh\necho 'int main(void) {'\n")).isEqualTo(FileKind.SCRIPT);
        assertThat(kind("echo hello\n")).as("named .sh").isEqualTo(FileKind.SCRIPT);
    }

    @Test
    void elfFilesAreToldByTheirHeaders() throws IOException {
        assertThat(FileKind.of(file(elf(2, 62, 0x401000)))).isEqualTo(FileKind.EXECUTABLE);
        assertThat(FileKind.of(file(elf(3, 62, 0x1000)))).isEqualTo(FileKind.EXECUTABLE);
        assertThat(FileKind.of(file(elf(1, 247, 0)))).isEqualTo(FileKind.OBJECT);
        assertThatThrownBy(() -> FileKind.of(file(elf(1, 62, 0)))).hasMessageContaining("kernel module");
        assertThatThrownBy(() -> FileKind.of(file(elf(3, 62, 0)))).hasMessageContaining("is a library");
        assertThatThrownBy(() -> FileKind.of(file(elf(4, 62, 0)))).hasMessageContaining("core dump");
        assertThatThrownBy(() -> FileKind.of(file(new byte[] {0x7f, 'E', 'L', 'F'})))
                .hasMessageContaining("cut off");
    }

    @Test
    void whatIsNoneSaysWhatItLooksLike() throws IOException {
        assertNone("", "is empty");
        assertNone("#include <stdio.h>\nint x;\n", "C without a main");
        assertNone("\u001f\u008b\u0008", "text (");
        assertNone("\0\1\2", "binary data");
        Path mail = Files.writeString(folder.resolve("mail"), "From a@b Mon\nSubject: x\n\ndiff --git a/x b/x\n");
        assertThatThrownBy(() -> FileKind.of(mail)).hasMessageContaining("a mail or a patch");
        Path gzip = Files.write(folder.resolve("z"), new byte[] {0x1f, (byte) 0x8b, 8, 0});
        assertThatThrownBy(() -> FileKind.of(gzip)).hasMessageContaining("a gzip file");
    }

    private void assertNone(String text, String looks) throws IOException {
        Path file = Files.writeString(folder.resolve("none"), text);
        assertThatThrownBy(() -> FileKind.of(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(file + " ")
                .hasMessageContainingAll(looks, FileKind.ACCEPTED)
                .message()
                .doesNotContain("\n");
    }

    /** A hostile file must not take for ever: what is searched for is bounded. */
    @Test
    void longFilesAreRead() throws IOException {
        for (String piece :
                new String[] {"class A ", "import a", "int main(", "\n", "/* ", "\"a", "enum X x ", "main() "}) {
            Path file = Files.writeString(folder.resolve("long"), piece.repeat(1_000_000 / piece.length()));
            assertThat(org.junit.jupiter.api.Assertions.assertTimeoutPreemptively(Duration.ofMinutes(2), () -> {
                        try {
                            return FileKind.of(file).words();
                        } catch (IllegalArgumentException e) {
                            return String.valueOf(e.getMessage());
                        }
                    }))
                    .as(piece)
                    .contains("looks like");
        }
        Path long5 = Files.writeString(folder.resolve("long5"), "x".repeat(5_000_000));
        assertThatThrownBy(() -> FileKind.of(long5)).hasMessageContaining("longer than any source");
    }
}
