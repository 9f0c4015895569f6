// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.bpf.BpfException;
import io.ksplat.bpf.KernelLacksException;
import io.ksplat.bpf.VerifierException;
import io.ksplat.bpf.internal.libbpf.LoadFailure.Broken;
import io.ksplat.bpf.internal.libbpf.LoadFailure.HarnessLacks;
import io.ksplat.bpf.internal.libbpf.LoadFailure.KernelLacks;
import io.ksplat.bpf.internal.libbpf.LoadFailure.Refused;
import io.ksplat.bpf.internal.libbpf.LoadFailure.Report;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What loaders say, as 6.12 and the sources of libbpf and of kernels from 6.1 on have it; LoadingTest loads for real. */
class LoadFailureTest {
    private static final Map<String, String> SECTIONS =
            Map.of("f", "fentry/vfs_unlink", "t", "tp_btf/sched_switch", "l", "lsm/file_open");

    /** What libbpf says without the verifier. */
    private static LoadFailure said(String what, int errno, String libbpf, String... lacks) {
        return LoadFailure.of(new Report(what, errno, Optional.empty(), libbpf, List.of(lacks), SECTIONS));
    }

    /** What the verifier says of the program f. */
    private static LoadFailure verified(String log, String libbpf, String... lacks) {
        return LoadFailure.of(new Report("f", 22, Optional.of(log), libbpf, List.of(lacks), SECTIONS));
    }

    private static final String END =
            "processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 " + "peak_states 0 mark_read 0\n";

    @ParameterizedTest
    @CsvSource(quoteCharacter = '"', delimiter = '|', textBlock = """
            load BPF object x | 3 | extern (func ksym) 'bpf_new': not found in kernel or module BTFs | kfunc bpf_new
            load BPF object x | 3 | libbpf: extern (func ksym) 'bpf_new___v2': not found in kernel or module BTFs | kfunc bpf_new
            load BPF object x | 22 | libbpf: extern (func ksym) 'bpf_x': func_proto [7] incompatible with kernel [9] | kfunc bpf_x with the prototype that the program declares
            load BPF object x | 22 | extern (func ksym) 'bpf_x': func_proto [7] incompatible with vmlinux [9] | kfunc bpf_x with the prototype that the program declares
            load BPF object x | 3 | extern (var ksym) 'runqueues': not found in kernel BTF | variable runqueues
            load BPF object x | 3 | extern 'CONFIG_OF_TOMORROW' (strong): not resolved | CONFIG_OF_TOMORROW
            load BPF object x | 3 | extern 'symbol_of_tomorrow' (strong): not resolved | symbol symbol_of_tomorrow
            load BPF object x | 3 | prog 'f': failed to find kernel BTF type ID of 'vfs_unlink_of_tomorrow': -ESRCH | function vfs_unlink_of_tomorrow
            load BPF object x | 3 | libbpf: prog 't': failed to find kernel BTF type ID of 'old': -3 | tracepoint old
            load BPF object x | 3 | prog 'l': failed to find kernel BTF type ID of 'bpf_lsm_x': -ESRCH | LSM hook bpf_lsm_x
            load BPF object x | 95 | struct_ops init_kern: struct sched_ext_ops is not found in kernel BTF | struct sched_ext_ops
            load BPF object x | 95 | struct_ops init_kern ops: Cannot find member cgroup_move in kernel BTF | member cgroup_move in the struct of ops
            attach program f (kprobe/spin) | 2 | prog 'f': failed to create kprobe 'spin+0x0' perf event: -ENOENT | function spin
            attach program f (kprobe/spin) | 2 | libbpf: prog 'f': failed to create kretprobe 'spin' perf event: No such file or directory | function spin
            attach program f (kprobe.multi/spin) | 2 | prog 'f': failed to attach: -ENOENT | function spin
            attach program f (kprobe.multi/spin) | 3 | libbpf: prog 'f': failed to attach: No such process | function spin
            attach program f (kprobe.multi/spin) | 95 | libbpf: prog 'f': failed to attach: -EOPNOTSUPP | attach type kprobe.multi (CONFIG_FPROBE)
            attach program f (tp/a/b) | 2 | failed to determine tracepoint 'a/b' perf event ID: -ENOENT | tracepoint a/b
            attach program f (raw_tp/b) | 2 | prog 'f': failed to attach to raw tracepoint 'b': -ENOENT | tracepoint b
            """)
    void libbpfNamesWhatTheKernelLacks(String what, int errno, String line, String lack) {
        assertThat(said(what, errno, line + "\nfailed to load object 'x'\n")).isEqualTo(new KernelLacks(lack));
    }

    @Test
    void theProbeNamesWhatNobodySpeaksOf() {
        assertThat(said("load BPF object x", 22, "map 'pages': failed to create: -EINVAL\n", "map type arena"))
                .isEqualTo(new KernelLacks("map type arena"));
        assertThat(said("load program f", 22, "prog 'f': BPF program load failed: -EINVAL\n", "program type netfilter"))
                .isEqualTo(new KernelLacks("program type netfilter"));
        assertThat(said("attach program f (uprobe.multi/x)", 22, "", "attach type trace_uprobe_multi"))
                .isEqualTo(new KernelLacks("attach type trace_uprobe_multi"));
    }

    @Test
    void theVerifierStumblesOverWhatTheKernelLacks() {
        String call = "0: R1=ctx() R10=fp0\n; return x(); @ x.bpf.c:12\n0: (85) call unknown#999\n";
        assertThat(verified(call + "invalid func unknown#999\n" + END, "")).isEqualTo(new KernelLacks("helper #999"));
        assertThat(verified("invalid func bpf_new#212\n" + END, "")).isEqualTo(new KernelLacks("helper bpf_new"));
        assertThat(verified(
                        "3: <invalid CO-RE relocation>\nfailed to resolve CO-RE relocation <byte_off> [7] struct"
                                + " task_struct___v.gone (0:0 @ offset 0)\n" + END,
                        ""))
                .isEqualTo(new KernelLacks("match for the CO-RE relocation of struct task_struct___v.gone"));
        assertThat(verified("3: <invalid kfunc call>\nkfunc 'bpf_new' is referenced but wasn't resolved\n" + END, ""))
                .isEqualTo(new KernelLacks("kfunc bpf_new"));
        assertThat(verified("func#0 @0\nunknown opcode 06\n" + END, ""))
                .isEqualTo(new KernelLacks("instruction with the opcode 0x06"));
        assertThat(verified("unknown func bpf_new#212\n" + END, "", "helper bpf_new#212"))
                .isEqualTo(new KernelLacks("helper bpf_new#212"));
    }

    /** Where libbpf has not put the names back, because many lines follow. */
    @Test
    void theNamesComeFromLibbpf() {
        String relocations = "prog 'f': relo #0: <byte_off> [7] struct a.b (0:0 @ offset 0)\n"
                + "prog 'f': relo #0: substituting insn #1 w/ invalid insn\n"
                + "prog 'f': relo #1: <byte_off> [9] struct c.d (0:0 @ offset 0)\n"
                + "prog 'f': relo #1: substituting insn #3 w/ invalid insn\n";
        String log = "3: (85) call unknown#195896080\ninvalid func unknown#195896080\n" + END
                + "\nVerification failed: Verifier Error\n";
        assertThat(verified(log, relocations))
                .isEqualTo(new KernelLacks("match for the CO-RE relocation of struct c.d"));
        assertThat(verified(log, "")).isEqualTo(new KernelLacks("match for the CO-RE relocation of f"));
        assertThat(verified(
                        "0: (85) call unknown#2002000001\ninvalid func unknown#2002000001\n" + END,
                        "extern 'bpf_new' (weak): not resolved, defaulting to zero\n"))
                .isEqualTo(new KernelLacks("kfunc bpf_new"));
    }

    @Test
    void onlyTheVerifiersOwnNoIsARefusal() {
        assertThat(verified("0: (95) exit\nR0 !read_ok\n" + END, "prog 'f': BPF program load failed: -EACCES\n"))
                .isEqualTo(new Refused("f"));
        assertThat(verified("cannot call GPL-restricted function from non-GPL compatible program\n" + END, ""))
                .isEqualTo(new Refused("f"));
        // Another program type may use it.
        assertThat(verified("program of this type cannot use helper bpf_skb_load_bytes#26\n" + END, ""))
                .isEqualTo(new Refused("f"));
        assertThat(verified("unknown func bpf_skb_load_bytes#26\n" + END, "")).isEqualTo(new Refused("f"));
        // What the source says is not what the verifier says.
        assertThat(verified("; invalid func unknown#999\n0: (95) exit\nR0 !read_ok\n" + END, ""))
                .isEqualTo(new Refused("f"));
        // What the kernel lacks beside it does not matter: it has verified the program.
        assertThat(verified("R0 !read_ok\n" + END, "", "map type arena")).isEqualTo(new Refused("f"));
    }

    @Test
    void whatTheHarnessLacksIsNamed() {
        assertThat(said(
                        "load BPF object x",
                        22,
                        "prog 'f': missing BPF prog type, check ELF section name 'section_of_tomorrow/x'\n"))
                .isEqualTo(new HarnessLacks("libbpf that knows the section section_of_tomorrow/x"));
        assertThat(said("load BPF object x", 22, "failed to open system Kconfig\n"))
                .isInstanceOf(HarnessLacks.class);
        assertThat(said("open BPF object x", 22, "map 'm': unknown field 'colour'.\n"))
                .isEqualTo(new HarnessLacks("libbpf that knows the map's field colour"));
        assertThat(said("attach program f (xdp)", 95, "")).isInstanceOf(HarnessLacks.class);
    }

    @Test
    void whatNobodyExplainsIsBroken() {
        assertThat(said("load program f", 22, "prog 'f': BPF program load failed: -EINVAL\n"))
                .isEqualTo(new Broken());
        assertThat(said("load program f", 1, "prog 'f': BPF program load failed: -EPERM\n"))
                .isEqualTo(new Broken());
        assertThat(said("load BPF object x", 22, "map 'm': failed to create: -EINVAL\n"))
                .isEqualTo(new Broken());
        // The function is there, and the kernel does not let it be probed.
        assertThat(said(
                        "attach program f (kprobe/spin)",
                        22,
                        "prog 'f': failed to create kprobe 'spin+0x0' perf event: -EINVAL\n"))
                .isEqualTo(new Broken());
    }

    @Test
    void eachIsAnExceptionOfItsOwn() {
        Report lacks = new Report("load BPF object x", 22, Optional.empty(), "", List.of("map type arena"), SECTIONS);
        assertThat(LoadFailure.exception(lacks))
                .isInstanceOf(KernelLacksException.class)
                .hasMessage("this kernel has no map type arena");
        Report refused = new Report("f", 13, Optional.of("R0 !read_ok\n"), "failed to load\n", List.of(), SECTIONS);
        assertThat(LoadFailure.exception(refused))
                .isInstanceOfSatisfying(
                        VerifierException.class, e -> assertThat(e.log()).isEqualTo("R0 !read_ok\n"))
                .hasMessage("the verifier refused f: R0 !read_ok");
        Report section = new Report(
                "load BPF object x",
                22,
                Optional.empty(),
                "prog 'f': missing BPF prog type, check ELF section name 'new'\n",
                List.of(),
                SECTIONS);
        assertThat(LoadFailure.exception(section))
                .isExactlyInstanceOf(BpfException.class)
                .hasMessage("load BPF object x: ksplat has no libbpf that knows the section new: EINVAL");
    }
}
