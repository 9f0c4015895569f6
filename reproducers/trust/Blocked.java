// SPDX-License-Identifier: Apache-2.0
import static io.ksplat.evidence.Verdict.INCONCLUSIVE;

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

/** Tasks that sleep and never come back. CLEAN is wrong, however long they are watched; see blocked.c. */
@Reproducer(
        id = "trust-blocked",
        bpf = "tell.bpf.c",
        shows = "tasks that wait for a lock whose owner waits, too",
        seed = "A verdict is never wrong")
@Needs(
        cases = {
            "rwsem",
            "killed",
            "mutex",
            "directory",
            "seq-file",
            "pipe-mutex",
            "rtnl",
            "netns-work",
            "three-sockets",
            "three-inodes",
            "three-promises",
            "vfork-behind",
            "exec-behind",
            "hung-task-on",
            "agent-writes",
            "agent-reaps"
        },
        functions = "handle_userfault")
@Needs(cases = "fanotify-self", functions = "__x64_sys_fanotify_init")
@Expect(verdict = INCONCLUSIVE, because = "the last owner waits for something that user space has promised")
class Blocked {
    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "rwsem",
                "killed",
                "mutex",
                "directory",
                "seq-file",
                "pipe-mutex",
                "rtnl",
                "netns-work",
                "three-sockets",
                "three-inodes",
                "three-promises",
                "vfork-behind",
                "exec-behind",
                "exec-and-tracer",
                "fanotify-self"
            })
    void tasksSleep(String name, Machine machine, BpfObject bpf) throws IOException {
        start(name, machine, bpf);
    }

    @Case("hung-task-on")
    @Test
    void theKernelSaysSo(Machine machine, BpfObject bpf) throws IOException {
        machine.writeFile("/proc/sys/kernel/hung_task_timeout_secs", "3");
        machine.writeFile("/proc/sys/kernel/hung_task_check_interval_secs", "1");
        start("rwsem", machine, bpf);
    }

    @Case("agent-writes")
    @Test
    void theAgentIsTheVictim(Machine machine, BpfObject bpf) throws IOException {
        start("inode-only", machine, bpf);
        machine.writeFile("/tmp/file", "x");
    }

    /** It waits for a process that cannot be killed. */
    @Case("agent-reaps")
    @Test
    void theAgentWaits(Machine machine, BpfObject bpf) throws IOException {
        watch(machine, bpf);
        var child = machine.spawn(0, Programs.built("blocked.c"), "main-waits").runsUntilTheEnd();
        machine.eventually(() -> bpf.global("ready").get() > 0);
        child.exitAndReap();
    }

    private static void start(String name, Machine machine, BpfObject bpf) throws IOException {
        watch(machine, bpf);
        machine.spawn(0, Programs.built("blocked.c"), name).runsUntilTheEnd();
        machine.eventually(() -> bpf.global("ready").get() > 0);
    }

    private static void watch(Machine machine, BpfObject bpf) throws IOException {
        bpf.program("told").attach();
        machine.controls().atLeast("ready", bpf.global("ready"), 1);
    }
}
