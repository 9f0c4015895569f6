// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.bpf.BpfCompiler;
import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.kernel.internal.symbols.Symbols;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelNeedsTest {
    private static final Symbols NO_SYMBOLS = symbols("ffffffff81000000 T _text\n");

    private static Symbols symbols(String kallsyms) {
        try {
            return Symbols.parse(kallsyms.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static KernelNeeds kfuncs(String... names) {
        return new KernelNeeds(List.of(names), List.of(), List.of());
    }

    private static KernelNeeds functions(String... names) {
        return new KernelNeeds(List.of(), List.of(names), List.of());
    }

    @Test
    void namesWhatTheKernelLacks() throws IOException {
        KernelNeeds needs =
                new KernelNeeds(List.of("bpf_task_release", "bpf_task_from_pid"), List.of("call_rcu"), List.of());
        assertThat(needs.lackingIn(Btf.with("bpf_task_release", "bpf_task_from_pid", "call_rcu"), NO_SYMBOLS))
                .isEmpty();
        assertThat(needs.lackingIn(Btf.with("bpf_task_release", "bpf_task_from_pid"), NO_SYMBOLS))
                .contains("function call_rcu");
        assertThat(needs.lackingIn(Btf.with("bpf_task_release", "call_rcu"), NO_SYMBOLS))
                .contains("kfunc bpf_task_from_pid");
        assertThat(KernelNeeds.NONE.lackingIn(Btf.with("nothing"), NO_SYMBOLS)).isEmpty();
    }

    @Test
    void needsOneOfTwoNames() throws IOException {
        KernelNeeds needs = kfuncs("bpf_task_release", "bpf_new|bpf_old");
        assertThat(needs.lackingIn(Btf.with("bpf_task_release", "bpf_old"), NO_SYMBOLS))
                .isEmpty();
        assertThat(needs.lackingIn(Btf.with("bpf_task_release", "bpf_new"), NO_SYMBOLS))
                .isEmpty();
        assertThat(needs.lackingIn(Btf.with("bpf_task_release"), NO_SYMBOLS)).contains("kfunc bpf_new or bpf_old");
        assertThat(needs.lackingIn(Btf.with("bpf_old"), NO_SYMBOLS)).contains("kfunc bpf_task_release");
        assertThat(needs.macros(Btf.with("bpf_task_release", "bpf_old"), NO_SYMBOLS))
                .containsExactly("HAS_bpf_old");
    }

    @Test
    void needsOneOfTwoFunctions() throws IOException {
        KernelNeeds needs = functions("slow_path|new_slow_path");
        assertThat(needs.lackingIn(Btf.with("something"), NO_SYMBOLS)).contains("function slow_path or new_slow_path");
        assertThat(needs.macros(Btf.with("new_slow_path"), NO_SYMBOLS)).containsExactly("HAS_new_slow_path");
        assertThat(needs.macros(Btf.with("slow_path", "new_slow_path"), NO_SYMBOLS))
                .containsExactly("HAS_slow_path", "HAS_new_slow_path");
    }

    @Test
    void takesAFunctionThatOnlyTheSymbolTableHas() throws IOException {
        Symbols symbols = symbols("""
                ffffffff81000000 T _text
                ffffffff81000100 t finish_task_switch.isra.0
                ffffffff81000200 T native_queued_spin_lock_slowpath
                ffffffff82000000 D call_rcu_data
                """);
        KernelNeeds isra = functions("finish_task_switch.isra.0");
        assertThat(isra.lackingIn(Btf.with("something"), symbols)).isEmpty();
        assertThat(isra.lackingIn(Btf.with("something"), NO_SYMBOLS)).contains("function finish_task_switch.isra.0");
        assertThat(functions("call_rcu_data").lackingIn(Btf.with("something"), symbols))
                .hasValueSatisfying(lack -> assertThat(lack).startsWith("function call_rcu_data"));
        assertThat(kfuncs("finish_task_switch.isra.0").lackingIn(Btf.with("something"), symbols))
                .hasValueSatisfying(lack -> assertThat(lack).startsWith("kfunc finish_task_switch.isra.0"));
    }

    @Test
    void proposesTheNamesThatAreNear() throws IOException {
        Symbols symbols = symbols("""
                ffffffff81000000 T _text
                ffffffff81000100 t finish_task_switch.isra.0
                ffffffff81000200 T queued_spin_lock_slowpath
                """);
        assertThat(functions("finish_task_switch").lackingIn(Btf.with("something"), symbols))
                .contains("function finish_task_switch (near: finish_task_switch.isra.0)");
        assertThat(functions("native_queued_spin_lock_slowpath").lackingIn(Btf.with("something"), symbols))
                .contains("function native_queued_spin_lock_slowpath (near: queued_spin_lock_slowpath)");
        assertThat(functions("nothing_like_it").lackingIn(Btf.with("something"), symbols))
                .contains("function nothing_like_it");
    }

    /** A source that chooses between fentry targets must not choose one that only a kprobe takes. */
    @Test
    void choosesWhatBtfHasBeforeWhatOnlyTheSymbolTableHas() throws IOException {
        Symbols symbols = symbols("ffffffff81000000 T _text\nffffffff81000100 t slow_path\n");
        KernelNeeds needs = functions("slow_path|new_slow_path");
        assertThat(needs.macros(Btf.with("new_slow_path"), symbols)).containsExactly("HAS_new_slow_path");
        assertThat(needs.macros(Btf.with("something"), symbols)).containsExactly("HAS_slow_path");
    }

    @Test
    void knowsWhatAnObjectCannotDoWithout(@TempDir Path folder) throws Exception {
        BpfObjectFile object = object(folder, """
                #define SEC(name) __attribute__((section(name), used))
                extern void bpf_task_release(void *task) SEC(".ksyms");
                extern void bpf_cgroup_release___other(void *cgroup) SEC(".ksyms");
                extern void bpf_weak(void) SEC(".ksyms") __attribute__((weak));
                char LICENSE[] SEC("license") = "GPL";
                SEC("syscall") int run(void *ctx) {
                    bpf_task_release(ctx); bpf_cgroup_release___other(ctx); if (bpf_weak) bpf_weak(); return 0;
                }
                """);
        assertThat(KernelNeeds.lackingFor(object, Btf.with("bpf_task_release", "bpf_cgroup_release"), NO_SYMBOLS))
                .isEmpty();
        assertThat(KernelNeeds.lackingFor(object, Btf.with("bpf_task_release"), NO_SYMBOLS))
                .contains("kfunc bpf_cgroup_release");
    }

    private static BpfObjectFile object(Path folder, String source) throws Exception {
        Path file = Files.writeString(folder.resolve("x.bpf.c"), source);
        return BpfObjectFile.parse(
                "x.bpf.o", BpfCompiler.find().compile(file, List.of(folder), Duration.ofSeconds(60)));
    }

    private static final BpfSource SOURCE = new BpfSource(KernelNeedsTest.class, "sample.bpf.c");

    @Test
    void refusesAnObjectThatCallsKfuncsThatNobodyDeclared(@TempDir Path folder) throws Exception {
        BpfObjectFile object = object(folder, """
                #define SEC(name) __attribute__((section(name), used))
                extern void bpf_task_release(void *task) SEC(".ksyms");
                extern void bpf_cgroup_release(void *cgroup) SEC(".ksyms");
                char LICENSE[] SEC("license") = "GPL";
                SEC("syscall") int run(void *ctx) { bpf_task_release(ctx); bpf_cgroup_release(ctx); return 0; }
                """);
        assertThatThrownBy(() -> kfuncs("bpf_task_release").check(SOURCE, object))
                .isInstanceOf(IOException.class)
                .hasMessage("sample.bpf.c calls bpf_cgroup_release: name them in @Needs(kfuncs) of KernelNeedsTest");
        assertThatThrownBy(() -> KernelNeeds.NONE.check(SOURCE, object))
                .hasMessageContaining("bpf_cgroup_release, bpf_task_release");
    }

    @Test
    void refusesAnObjectWithoutAProgram(@TempDir Path folder) throws Exception {
        BpfObjectFile empty = object(folder, "int global = 1;\n");
        assertThatThrownBy(() -> KernelNeeds.NONE.check(SOURCE, empty))
                .hasMessage("sample.bpf.c has no program: give one a SEC(\"...\")");
        BpfObjectFile good = object(folder, """
                #define SEC(name) __attribute__((section(name), used))
                char LICENSE[] SEC("license") = "GPL";
                SEC("syscall") int run(void *ctx) { return 0; }
                """);
        assertThatCode(() -> KernelNeeds.NONE.check(SOURCE, good)).doesNotThrowAnyException();
    }
}
