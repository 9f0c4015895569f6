// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.bpf.BpfCompiler;
import io.ksplat.bpf.BpfObjectFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelNeedsTest {
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
        assertThat(needs.lackingIn(Btf.with("bpf_task_release", "bpf_task_from_pid", "call_rcu")))
                .isEmpty();
        assertThat(needs.lackingIn(Btf.with("bpf_task_release", "bpf_task_from_pid")))
                .contains("function call_rcu");
        assertThat(needs.lackingIn(Btf.with("bpf_task_release", "call_rcu"))).contains("kfunc bpf_task_from_pid");
        assertThat(KernelNeeds.NONE.lackingIn(Btf.with("nothing"))).isEmpty();
    }

    @Test
    void needsOneOfTwoNames() throws IOException {
        KernelNeeds needs = kfuncs("bpf_task_release", "bpf_new|bpf_old");
        assertThat(needs.lackingIn(Btf.with("bpf_task_release", "bpf_old"))).isEmpty();
        assertThat(needs.lackingIn(Btf.with("bpf_task_release", "bpf_new"))).isEmpty();
        assertThat(needs.lackingIn(Btf.with("bpf_task_release"))).contains("kfunc bpf_new or bpf_old");
        assertThat(needs.lackingIn(Btf.with("bpf_old"))).contains("kfunc bpf_task_release");
        assertThat(needs.macros(Btf.with("bpf_task_release", "bpf_old"))).containsExactly("HAS_bpf_old");
    }

    @Test
    void needsOneOfTwoFunctions() throws IOException {
        KernelNeeds needs = functions("slow_path|new_slow_path");
        assertThat(needs.lackingIn(Btf.with("something"))).contains("function slow_path or new_slow_path");
        assertThat(needs.macros(Btf.with("new_slow_path"))).containsExactly("HAS_new_slow_path");
        assertThat(needs.macros(Btf.with("slow_path", "new_slow_path")))
                .containsExactly("HAS_slow_path", "HAS_new_slow_path");
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
