// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.ksplat.bpf.BpfCompileException;
import io.ksplat.bpf.BpfCompiler;
import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.bpf.BtfType;
import io.ksplat.bpf.Fixtures;
import io.ksplat.bpf.LibbpfException;
import io.ksplat.kernel.internal.Elf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelBtfTest {
    private static byte[] raw;
    private static KernelBtf kernel;

    @BeforeAll
    static void compile() throws Exception {
        raw = Fixtures.kernelBtf();
        kernel = KernelBtf.parse(raw);
    }

    @Test
    void functionsAreFoundByTheirWholeName() {
        assertThat(kernel.hasFunction("do_exit")).isTrue();
        assertThat(kernel.hasFunction("do_exi")).isFalse();
        assertThat(kernel.hasFunction("do_exit_")).isFalse();
        assertThat(kernel.hasFunction("task_struct")).isFalse();
        assertThat(kernel.hasFunction("")).isFalse();
    }

    @Test
    void aKfuncIsAFunctionThatIsMarkedAsOne() {
        assertThat(kernel.hasKfunc("bpf_task_release")).isTrue();
        assertThat(kernel.hasKfunc("do_exit")).isFalse();
    }

    @Test
    void aDeclarationAloneIsNoType() {
        assertThat(kernel.hasType("task_struct")).isTrue();
        assertThat(kernel.hasType("refcount_t")).isTrue();
        assertThat(kernel.hasType("wide")).isTrue();
        assertThat(kernel.hasType("declared_only")).isFalse();
        assertThat(kernel.hasType("do_exit")).isFalse();
    }

    @Test
    void offsetsFollowAPathThroughStructsUnionsAndTypedefs() {
        assertThat(kernel.offsetOf("task_struct", "state")).isZero();
        assertThat(kernel.offsetOf("task_struct", "other")).isEqualTo(8);
        assertThat(kernel.offsetOf("task_struct", "usage.refs.counter")).isEqualTo(16);
        assertThat(kernel.offsetOf("task_struct", "comm")).isEqualTo(21);
        assertThat(kernel.sizeOf("task_struct")).isEqualTo(40);
        assertThat(kernel.sizeOf("atomic_t")).isEqualTo(4);
        assertThat(kernel.member("task_struct", "comm").type().size()).isEqualTo(16);
    }

    @Test
    void aBitfieldHasNoOffset() {
        assertThat(kernel.hasMember("task_struct", "in_iowait")).isTrue();
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> kernel.offsetOf("task_struct", "in_iowait"))
                .withMessageContaining("in_iowait");
    }

    @Test
    void whatThisKernelLacksIsNamed() {
        assertThat(kernel.hasMember("task_struct", "nothing")).isFalse();
        assertThat(kernel.hasMember("no_such_struct", "x")).isFalse();
        assertThatExceptionOfType(NoSuchElementException.class)
                .isThrownBy(() -> kernel.offsetOf("task_struct", "usage.nothing"))
                .withMessageContaining("task_struct has no member 'usage.nothing'");
        assertThatExceptionOfType(NoSuchElementException.class)
                .isThrownBy(() -> kernel.sizeOf("no_such_struct"))
                .withMessageContaining("no_such_struct");
    }

    @Test
    void constantsBeyond32BitsKeepTheirValue() throws Exception {
        Btf btf = Btf.parse(raw);
        for (int id = 1; id < btf.typeCount(); id++) {
            if (btf.kind(id) == Btf.ENUM64) {
                BtfType.Enumeration wide = (BtfType.Enumeration) BtfModel.type(btf, id);
                assertThat(wide.values()).containsEntry("WIDE_LOW", 1L).containsEntry("WIDE_HIGH", 1L << 32);
                return;
            }
        }
        throw new AssertionError("the fixture has no enum of 64 bits");
    }

    @Test
    void theHeaderCompilesAndKeepsEachOffset(@TempDir Path directory) throws Exception {
        kernel.writeVmlinuxHeader(directory.resolve("vmlinux.h"));
        Path source = Files.writeString(directory.resolve("check.c"), """
                #include "vmlinux.h"
                _Static_assert(__builtin_offsetof(struct task_struct, comm) == 21, "comm");
                _Static_assert(sizeof(struct task_struct) == 40, "size");
                int counter(struct task_struct *task) { return task->usage.refs.counter; }
                """);

        byte[] object = BpfCompiler.find().compile(source, List.of(), Fixtures.LIMIT);

        String header = Files.readString(directory.resolve("vmlinux.h"));
        assertThat(header).startsWith("#ifndef __VMLINUX_H__\n").endsWith("#endif /* __VMLINUX_H__ */\n");
        // CO-RE relocations are what the pragma is for: their records follow the line information's
        assertThat(coreRelocationBytes(object)).isPositive();
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(f -> f.getFileName().toString())).containsExactlyInAnyOrder("vmlinux.h", "check.c");
        }
    }

    @Test
    void theHeaderDeclaresTheKfuncsUnlessItIsToldNotTo(@TempDir Path directory) throws Exception {
        kernel.writeVmlinuxHeaderWithKfuncs(directory.resolve("vmlinux.h"));
        String calls = """
                #include "vmlinux.h"
                __attribute__((section("syscall"))) int call(struct task_struct *task) { bpf_task_release(task); return 0; }
                """;
        Path with = Files.writeString(directory.resolve("with.c"), calls);
        Path without = Files.writeString(directory.resolve("without.c"), "#define BPF_NO_KFUNC_PROTOTYPES\n" + calls);

        byte[] object = BpfCompiler.find().compile(with, List.of(), Fixtures.LIMIT);

        assertThat(BpfObjectFile.parse("with", object).ksyms())
                .singleElement()
                .satisfies(ksym ->
                        assertThat(ksym.name() + ksym.function() + ksym.weak()).isEqualTo("bpf_task_releasetruetrue"));
        assertThatExceptionOfType(BpfCompileException.class)
                .isThrownBy(() -> BpfCompiler.find().compile(without, List.of(), Fixtures.LIMIT))
                .withMessageContaining("bpf_task_release");
        assertThat(Files.readString(directory.resolve("vmlinux.h")))
                .contains("bpf_rcu_read_lock(void)")
                .doesNotContain("do_exit(");
    }

    @Test
    void aHeaderThatCannotBeWrittenLeavesNothingBehind(@TempDir Path directory) throws Exception {
        byte[] wrong = raw.clone();
        Arrays.fill(wrong, 24, 24 + 12, (byte) 0x1f);

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> VmlinuxHeader.write(wrong, List.of(), Set.of(), directory.resolve("vmlinux.h")))
                .withMessageContaining("libbpf cannot read the kernel's BTF");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void malformedBtfIsAnExceptionAtEveryLength() {
        for (int length = 0; length < raw.length; length++) {
            byte[] cut = Arrays.copyOf(raw, length);
            assertThatExceptionOfType(LibbpfException.class)
                    .as("cut to " + length)
                    .isThrownBy(() -> KernelBtf.parse(cut));
        }
    }

    @Test
    void theRunningKernelsBtfAnswersAsTheKernelDoes() throws Exception {
        Path running = Path.of("/sys/kernel/btf/vmlinux");
        assumeThat(running).exists();

        KernelBtf btf = KernelBtf.read(running);

        assertThat(btf.hasFunction("do_exit")).isTrue();
        assertThat(btf.offsetOf("list_head", "prev")).isEqualTo(8);
        assertThat(btf.sizeOf("pid_t")).isEqualTo(4);
    }

    private static int coreRelocationBytes(byte[] object) throws IOException {
        byte[] ext = Elf.of(object).orElseThrow().section(".BTF.ext").orElseThrow();
        return ByteBuffer.wrap(ext).order(ByteOrder.LITTLE_ENDIAN).getInt(28);
    }
}
