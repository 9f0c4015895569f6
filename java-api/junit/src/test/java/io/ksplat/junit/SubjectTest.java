// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.bpf.BpfCompiler;
import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.bpf.internal.libbpf.KernelBtf;
import io.ksplat.evidence.Verdict;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SubjectTest {
    @Reproducer(id = "sample", bpf = "sample.bpf.c", shows = "nothing", seed = "none")
    @Needs(
            kfuncs = {"bpf_task_release", "bpf_task_from_pid"},
            functions = "call_rcu",
            boot = "  rcu_nocbs=all\tapic_extnmi=all ")
    @Expect(verdict = Verdict.REJECTED, kernels = "[6.1,6.3)")
    @Expect(verdict = Verdict.DEADLOCK, kernels = "[6.3,7.3)")
    @Expect(verdict = Verdict.RECOVERED, kernels = "[7.2,)")
    static final class Sample {
        void plain() {}

        @Expect(verdict = Verdict.CLEAN, kernels = "[7.0,)")
        void safe() {}
    }

    @Reproducer(id = "bare", bpf = "bare.bpf.c", shows = "nothing", seed = "none")
    static final class Bare {
        void plain() {}
    }

    private static Subject subject(Class<?> type, String method) {
        return subject(type, method, Optional.empty());
    }

    private static Subject subject(Class<?> type, String method, Optional<String> testCase) {
        try {
            return Subject.of(type, type.getDeclaredMethod(method), testCase);
        } catch (NoSuchMethodException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void expectsWhatTheFirstRangeThatCoversTheKernelSays() {
        Subject subject = subject(Sample.class, "plain");
        assertThat(subject.expectedOn("6.1.0-30-amd64")).isEqualTo(Verdict.REJECTED);
        assertThat(subject.expectedOn("6.12.113")).isEqualTo(Verdict.DEADLOCK);
        assertThat(subject.expectedOn("7.2.13")).isEqualTo(Verdict.DEADLOCK);
        assertThat(subject.expectedOn("7.3.0")).isEqualTo(Verdict.RECOVERED);
    }

    @Test
    void expectsTheMethodsRangeBeforeTheClasss() {
        Subject subject = subject(Sample.class, "safe");
        assertThat(subject.expectedOn("7.2.13")).isEqualTo(Verdict.CLEAN);
        assertThat(subject.expectedOn("6.12.113")).isEqualTo(Verdict.DEADLOCK);
    }

    @Test
    void expectsNothingOfAKernelThatNoRangeCovers() {
        assertThat(subject(Sample.class, "plain").expectedOn("5.10.1")).isEqualTo(Verdict.UNSUPPORTED);
        assertThat(subject(Bare.class, "plain").expectedOn("7.3.0")).isEqualTo(Verdict.UNSUPPORTED);
    }

    @Reproducer(id = "several", bpf = "several.bpf.c", shows = "nothing", seed = "none")
    @Needs(functions = "call_rcu")
    @Needs(cases = "old", functions = "kptr_get", boot = "nosmp")
    @Expect(verdict = Verdict.CLEAN, cases = "safe")
    @Expect(verdict = Verdict.DEADLOCK)
    static final class Several {
        void plain() {}
    }

    @Test
    void namesACaseAfterASlash() {
        assertThat(subject(Several.class, "plain", Optional.of("task-hash")).id())
                .isEqualTo("several/task-hash");
        assertThat(subject(Several.class, "plain").id()).isEqualTo("several");
        assertThatThrownBy(() -> subject(Several.class, "plain", Optional.of("[1] Task")))
                .hasMessageContaining("is no name of a case");
    }

    @Test
    void expectsAndNeedsOfACaseWhatNamesItOrNamesNone() throws IOException {
        Subject safe = subject(Several.class, "plain", Optional.of("safe"));
        Subject old = subject(Several.class, "plain", Optional.of("old"));
        assertThat(safe.expectedOn("7.3.0")).isEqualTo(Verdict.CLEAN);
        assertThat(old.expectedOn("7.3.0")).isEqualTo(Verdict.DEADLOCK);
        assertThat(subject(Several.class, "plain").expectedOn("7.3.0")).isEqualTo(Verdict.DEADLOCK);
        assertThat(safe.lacks(kernelWith("call_rcu"))).isEmpty();
        assertThat(old.lacks(kernelWith("call_rcu"))).contains("function kptr_get");
        assertThat(old.bootParameters()).containsExactly("nosmp");
        assertThat(safe.bootParameters()).isEmpty();
    }

    @Test
    void splitsTheBootLine() {
        assertThat(subject(Sample.class, "plain").bootParameters()).containsExactly("rcu_nocbs=all", "apic_extnmi=all");
        assertThat(subject(Bare.class, "plain").bootParameters()).isEmpty();
    }

    @Test
    void refusesAClassThatIsNoReproducer() {
        assertThatThrownBy(() -> subject(SubjectTest.class, "splitsTheBootLine"))
                .hasMessage(SubjectTest.class.getName() + " has neither @Reproducer nor @KernelTest");
    }

    /** A kernel's BTF with one void function of each name (Documentation/bpf/btf.rst). */
    private static KernelBtf kernelWith(String... functions) throws IOException {
        byte[] names = ("\0" + String.join("\0", functions) + "\0").getBytes(UTF_8);
        ByteBuffer types = ByteBuffer.allocate(12 + 12 * functions.length).order(ByteOrder.LITTLE_ENDIAN);
        types.putInt(0).putInt(13 << 24).putInt(0);
        int name = 1;
        for (String function : functions) {
            types.putInt(name).putInt(12 << 24 | 1).putInt(1);
            name += function.length() + 1;
        }
        ByteBuffer btf =
                ByteBuffer.allocate(24 + types.capacity() + names.length).order(ByteOrder.LITTLE_ENDIAN);
        btf.putShort((short) 0xeb9f).put((byte) 1).put((byte) 0).putInt(24);
        btf.putInt(0).putInt(types.capacity()).putInt(types.capacity()).putInt(names.length);
        return KernelBtf.parse(btf.put(types.array()).put(names).array());
    }

    @Test
    void namesWhatTheKernelLacks() throws IOException {
        Subject subject = subject(Sample.class, "plain");
        assertThat(subject.lacks(kernelWith("bpf_task_release", "bpf_task_from_pid", "call_rcu")))
                .isEmpty();
        assertThat(subject.lacks(kernelWith("bpf_task_release", "bpf_task_from_pid")))
                .contains("function call_rcu");
        assertThat(subject.lacks(kernelWith("bpf_task_release", "call_rcu"))).contains("kfunc bpf_task_from_pid");
        assertThat(subject(Bare.class, "plain").lacks(kernelWith("nothing"))).isEmpty();
    }

    @Reproducer(id = "either", bpf = "either.bpf.c", shows = "nothing", seed = "none")
    @Needs(kfuncs = {"bpf_task_release", "bpf_new|bpf_old"})
    static final class Either {
        void plain() {}
    }

    @Test
    void needsOneOfTwoNames() throws IOException {
        Subject subject = subject(Either.class, "plain");

        assertThat(subject.lacks(kernelWith("bpf_task_release", "bpf_old"))).isEmpty();
        assertThat(subject.lacks(kernelWith("bpf_task_release", "bpf_new"))).isEmpty();
        assertThat(subject.lacks(kernelWith("bpf_task_release"))).contains("kfunc bpf_new or bpf_old");
        assertThat(subject.lacks(kernelWith("bpf_old"))).contains("kfunc bpf_task_release");
        assertThat(subject.macros(kernelWith("bpf_task_release", "bpf_old"))).containsExactly("HAS_bpf_old");
    }

    @Reproducer(id = "either-function", bpf = "either.bpf.c", shows = "nothing", seed = "none")
    @Needs(functions = "slow_path|new_slow_path")
    static final class EitherFunction {
        void plain() {}
    }

    @Test
    void needsOneOfTwoFunctions() throws IOException {
        Subject subject = subject(EitherFunction.class, "plain");

        assertThat(subject.lacks(kernelWith("new_slow_path"))).isEmpty();
        assertThat(subject.lacks(kernelWith("fast_path"))).contains("function slow_path or new_slow_path");
        assertThat(subject.macros(kernelWith("new_slow_path"))).containsExactly("HAS_new_slow_path");
        assertThat(subject.macros(kernelWith("slow_path", "new_slow_path")))
                .containsExactly("HAS_slow_path", "HAS_new_slow_path");
    }

    private static BpfObjectFile object(Path folder, String source) throws Exception {
        Path file = Files.writeString(folder.resolve("x.bpf.c"), source);
        return BpfObjectFile.parse(
                "x.bpf.o", BpfCompiler.find().compile(file, List.of(folder), Duration.ofSeconds(60)));
    }

    @Test
    void refusesAnObjectThatCallsKfuncsThatNobodyDeclared(@TempDir Path folder) throws Exception {
        BpfObjectFile object = object(folder, """
                #define SEC(name) __attribute__((section(name), used))
                extern void bpf_task_release(void *task) SEC(".ksyms");
                extern void bpf_cgroup_release(void *cgroup) SEC(".ksyms");
                char LICENSE[] SEC("license") = "GPL";
                SEC("syscall") int run(void *ctx) { bpf_task_release(ctx); bpf_cgroup_release(ctx); return 0; }
                """);
        assertThatThrownBy(() -> subject(Sample.class, "plain").check(object))
                .isInstanceOf(IOException.class)
                .hasMessage("sample.bpf.c calls bpf_cgroup_release: name them in @Needs(kfuncs) of Sample");
        assertThatThrownBy(() -> subject(Bare.class, "plain").check(object))
                .hasMessageContaining("bpf_cgroup_release, bpf_task_release");
    }

    @Test
    void refusesAnObjectWithoutAProgram(@TempDir Path folder) throws Exception {
        BpfObjectFile empty = object(folder, "int global = 1;\n");
        assertThatThrownBy(() -> subject(Bare.class, "plain").check(empty))
                .hasMessage("bare.bpf.c has no program: give one a SEC(\"...\")");
        BpfObjectFile good = object(folder, """
                #define SEC(name) __attribute__((section(name), used))
                char LICENSE[] SEC("license") = "GPL";
                SEC("syscall") int run(void *ctx) { return 0; }
                """);
        assertThatCode(() -> subject(Bare.class, "plain").check(good)).doesNotThrowAnyException();
    }
}
