// SPDX-License-Identifier: Apache-2.0
import static io.ksplat.evidence.Verdict.CLEAN;
import static io.ksplat.evidence.Verdict.INCONCLUSIVE;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Needs;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tasks that are in no deadlock. DEADLOCK is wrong, however it looks; see alive.c. */
@Reproducer(
        id = "trust-alive",
        bpf = "tell.bpf.c",
        shows = "tasks that are busy, slow, asleep for a good reason, or that say something untrue",
        seed = "A verdict is never wrong")
@Needs(cases = "slow-page", functions = "handle_userfault")
@Needs(cases = "fanotify-slow", functions = "__x64_sys_fanotify_init")
@Expect(
        verdict = INCONCLUSIVE,
        cases = "log-readers",
        because = "somebody sleeps for as long as it is watched, and whether that ends cannot be told")
@Expect(verdict = CLEAN, because = "nobody waits in vain for the kernel")
class Alive {
    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "pipe-reader",
                "fifo",
                "flock",
                "futex",
                "stopped",
                "traced",
                "zombie",
                "frozen",
                "terminal",
                "vfork-parent",
                "log-readers",
                "cpu-away"
            })
    void tasksSleep(String name, Machine machine, BpfObject bpf) throws IOException {
        bpf.program("told").attach();
        machine.controls().atLeast("ready", bpf.global("ready"), 1);
        machine.spawn(0, Programs.built("alive.c"), name).runsUntilTheEnd();
        machine.eventually(() -> bpf.global("ready").get() > 0);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "vfork-ends",
                "slow-page",
                "fanotify-slow",
                "rcu",
                "flush",
                "namespaces",
                "contended-mutex",
                "contended-rwsem",
                "contended-mmap",
                "execs",
                "cpu-away-and-back",
                "computing",
                "starving",
                "starving-in-kernel",
                "inverted",
                "barriers",
                "says-stdout",
                "says-stderr",
                "says-console",
                "says-kmsg",
                "says-names"
            })
    void tasksEnd(String name, Machine machine, BpfObject bpf) throws IOException {
        bpf.program("told").attach();
        machine.controls().atLeast("ended", bpf.global("ended"), 1);
        machine.spawn(0, Programs.built("alive.c"), name);
        // Watched from here on, for as long as it takes: it is to be seen while it looks bad.
        machine.eventually(() -> bpf.global("ready").get() > 0);
    }
}
