// SPDX-License-Identifier: Apache-2.0
import static io.ksplat.evidence.Verdict.CLEAN;
import static io.ksplat.evidence.Verdict.INCONCLUSIVE;
import static io.ksplat.evidence.Verdict.REJECTED;
import static io.ksplat.evidence.Verdict.UNSUPPORTED;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.junit.Case;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Needs;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the kernel lacks is UNSUPPORTED, what it refuses REJECTED, and what never ran is not CLEAN; see lacking.bpf.c. */
@Reproducer(
        id = "trust-lacking",
        bpf = "lacking.bpf.c",
        shows = "a kernel lacks something, a program is refused, a workload does nothing",
        seed = "A verdict is never wrong")
@Needs(
        cases = "prototype",
        kfuncs = {"bpf_task_from_pid", "bpf_task_release"})
@Needs(cases = "copy-of-a-function", functions = "finish_task_switch.isra.0")
@Expect(
        verdict = UNSUPPORTED,
        cases = {"kfunc", "helper", "function", "prototype"},
        because = "the kernel has nothing of that name, or another prototype")
@Expect(verdict = REJECTED, cases = "license", because = "cannot call GPL-restricted function from non-GPL program")
@Expect(
        verdict = INCONCLUSIVE,
        cases = {"crashes", "exits"},
        because = "the workload did not run")
@Expect(verdict = CLEAN, because = "the kernel has it, and the program ran")
class Lacking {
    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"kfunc", "helper", "function", "prototype", "license"})
    void neverLoaded(String name, Machine machine, BpfObject bpf) throws IOException {
        machine.controls().atLeast("runs", bpf.global("runs"), 1);
    }

    @Case("copy-of-a-function")
    @Test
    void attachesToACopy(Machine machine, BpfObject bpf) throws IOException {
        machine.controls().atLeast("runs", bpf.global("runs"), 1);
        bpf.program("subject").attach();
    }

    @Case("configuration")
    @Test
    void readsTheConfiguration(Machine machine, BpfObject bpf) throws IOException {
        machine.controls().atLeast("runs", bpf.global("runs"), 1);
        bpf.program("subject").run();
    }

    @Case("crashes")
    @Test
    void theWorkloadCrashes(Machine machine, BpfObject bpf) throws IOException {
        machine.controls().atLeast("runs", bpf.global("runs"), 1);
        bpf.program("subject").run();
        machine.spawn(0, Programs.built("ends.c"));
    }

    @Case("exits")
    @Test
    void theWorkloadFails(Machine machine, BpfObject bpf) throws IOException {
        machine.controls().atLeast("runs", bpf.global("runs"), 1);
        bpf.program("subject").run();
        machine.spawn(0, Programs.built("ends.c"), "3");
    }
}
