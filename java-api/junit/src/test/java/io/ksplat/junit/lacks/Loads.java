// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit.lacks;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.bpf.BpfException;
import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfProgramInfo;
import io.ksplat.bpf.KernelLacksException;
import io.ksplat.bpf.VerifierException;
import io.ksplat.engine.KernelVersions;
import io.ksplat.engine.Machine;
import io.ksplat.junit.KernelTest;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Loads and attaches what kernels do not have, or refuse, and says what came of it. */
@KernelTest
public class Loads {
    @Test
    void saysWhatEachKernelLacks(Machine machine) throws IOException {
        Map<String, String> said = new LinkedHashMap<>();
        Map<String, String> right = right(machine.release());
        for (String source : right.keySet()) {
            said.put(source, outcome(machine, source));
        }
        assertThat(said).containsExactlyEntriesOf(right);
    }

    private static Map<String, String> right(String release) {
        boolean before61 = KernelVersions.contain("[6.1,6.3)", release);
        Map<String, String> right = new LinkedHashMap<>();
        right.put("strong_kfunc", "lacks kfunc bpf_kfunc_of_tomorrow");
        right.put("weak_kfunc", "lacks kfunc bpf_kfunc_of_tomorrow");
        right.put("helper", "lacks helper #999");
        right.put("function", "lacks function vfs_unlink_of_tomorrow");
        right.put("tracepoint_btf", "lacks tracepoint tracepoint_of_tomorrow");
        right.put("kprobe", "lacks function queued_spin_lock_slowpath");
        right.put(
                "kprobe_multi",
                before61 ? "lacks attach type kprobe.multi (CONFIG_FPROBE)" : "lacks function function_of_tomorrow");
        right.put("tracepoint", "lacks tracepoint sched/sched_of_tomorrow");
        right.put("raw_tracepoint", "lacks tracepoint tracepoint_of_tomorrow");
        right.put(
                "relocation",
                "lacks match for the CO-RE relocation of struct task_struct___tomorrow.field_of_tomorrow");
        right.put("map_type", "lacks map type 999");
        right.put("kconfig_strong", "lacks CONFIG_OF_TOMORROW");
        right.put("section", "fails: ksplat has no libbpf that knows the section section_of_tomorrow/x");
        right.put("license", "refused: cannot call GPL-restricted function from non-GPL compatible program");
        right.put(
                "wrong_type",
                KernelVersions.contain("[6.1,6.10)", release)
                        ? "refused: unknown func bpf_skb_load_bytes#26"
                        : "refused: program of this type cannot use helper bpf_skb_load_bytes#26");
        right.put("kconfig", "loaded");
        right.put("isra", "loaded");
        right.put("flavour", "loaded");
        right.put(
                "prototype",
                before61
                        ? "lacks kfunc bpf_task_from_pid"
                        : "lacks kfunc bpf_task_from_pid with the prototype that the program declares");
        right.put("arena", before61 ? "lacks map type arena" : "loaded");
        right.put("netfilter", before61 ? "lacks program type netfilter" : noWayToAttach("netfilter"));
        right.put("tcx", before61 ? "lacks attach type tcx_ingress" : noWayToAttach("tcx/ingress"));
        return right;
    }

    private static String noWayToAttach(String section) {
        return "fails: ksplat has no way to attach a program of the section " + section
                + " without more arguments than its section has";
    }

    private static String outcome(Machine machine, String source) throws IOException {
        try {
            BpfObject object = machine.load(source + ".bpf.c");
            for (BpfProgramInfo program : object.file().programs()) {
                if (program.type().equals("syscall")) {
                    object.program(program.name()).run();
                } else {
                    object.program(program.name()).attach();
                }
            }
            if (source.equals("kconfig")) {
                assertThat(object.global("hz").get()).isPositive();
                assertThat(object.global("version").get()).isGreaterThan(0x060000);
            }
            machine.unload(object);
            return "loaded";
        } catch (KernelLacksException e) {
            return "lacks " + e.lacks();
        } catch (VerifierException e) {
            return "refused: " + e.getMessage().replaceFirst("^the verifier refused \\w+: ", "");
        } catch (BpfException e) {
            return "fails: " + e.getMessage().replaceFirst("^[^:]*: ", "").replaceFirst(": E[A-Z]+$", "");
        }
    }
}
