// SPDX-License-Identifier: Apache-2.0
import static io.ksplat.evidence.Verdict.DEADLOCK;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfProgram;
import io.ksplat.engine.Machine;
import io.ksplat.junit.Case;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Needs;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** CPUs that wait for a lock and never get it, and who waits for them. CLEAN is wrong; see stuck.bpf.c and behind.c. */
@Reproducer(
        id = "trust-stuck",
        bpf = "stuck.bpf.c",
        shows = "an NMI takes a spin lock from the owner that it has interrupted, and others wait for that CPU",
        seed = "A verdict is never wrong")
@Needs(
        cases = {"both-cpus", "abba"},
        boot = "apic_extnmi=all")
@Needs(cases = "rwsem-behind", functions = "generic_perform_write")
@Expect(verdict = DEADLOCK, because = "the lock's owner cannot go on before the NMI has ended")
class Stuck {
    private static final Duration STORM = Duration.ofSeconds(4);
    private static final byte[] PACKET = new byte[64];

    @Case("one-cpu")
    @Test
    void oneCpu(Machine machine, BpfObject bpf) throws IOException {
        watch(machine, bpf);
        holdOn0(machine, bpf);
        storm(machine);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"both-cpus", "abba"})
    void bothCpus(String name, Machine machine, BpfObject bpf) throws IOException {
        watch(machine, bpf);
        BpfProgram.startTogether(
                bpf.program("hold").onPacket(0, PACKET), bpf.program("hold").onPacket(1, PACKET));
        machine.eventually(() -> bpf.global("held").get() > 0);
        storm(machine);
    }

    /** CPU 1 wants the lock as well, and lives until it does. */
    @Case("cpu-behind")
    @Test
    void anotherCpuWantsTheLock(Machine machine, BpfObject bpf) throws IOException {
        watch(machine, bpf);
        holdOn0(machine, bpf);
        storm(machine);
        BpfProgram.startTogether(bpf.program("hold_first").onPacket(1, PACKET));
    }

    /** Not in a task, but in the callback of a timer. */
    @Case("timer")
    @Test
    void inATimer(Machine machine, BpfObject bpf) throws IOException {
        watch(machine, bpf);
        setAlarm(Duration.ofMillis(500), bpf);
        machine.eventually(() -> bpf.global("held").get() > 0);
        storm(machine);
    }

    /** Every control has passed long before. */
    @Case("later")
    @Test
    void afterTheControls(Machine machine, BpfObject bpf) throws IOException {
        watch(machine, bpf);
        machine.controls().atLeast("ready", bpf.global("ready"), 1);
        machine.spawn(1, Programs.built("behind.c"), "later").runsUntilTheEnd();
        machine.watch(Duration.ofSeconds(10));
        machine.eventually(() -> bpf.global("ready").get() > 0);
        setAlarm(Duration.ofSeconds(4), bpf);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"rcu-behind", "flush-behind", "hotplug-behind"})
    void tasksSleepBehindIt(String name, Machine machine, BpfObject bpf) throws IOException {
        watch(machine, bpf);
        machine.spawn(1, Programs.built("behind.c"), name).runsUntilTheEnd();
        holdOn0(machine, bpf);
        storm(machine);
        machine.eventually(() -> bpf.global("ready").get() > 0);
    }

    /** The task that is stuck owns a lock of the sleeping kind, for which another polls, because its owner is on a CPU. */
    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"mutex-behind", "rwsem-behind"})
    void aTaskPollsBehindIt(String name, Machine machine, BpfObject bpf) throws IOException {
        watch(machine, bpf);
        bpf.program("under_lock").attach();
        machine.spawn(1, Programs.built("behind.c"), name).runsUntilTheEnd();
        machine.eventually(
                () -> bpf.global("ready").get() > 0 && bpf.global("held").get() > 0);
        storm(machine);
    }

    /** Text of the kernel that is changed has to be seen by every CPU. */
    @Case("agent-attaches")
    @Test
    void theAgentIsTheVictim(Machine machine, BpfObject bpf) throws IOException {
        watch(machine, bpf);
        holdOn0(machine, bpf);
        storm(machine);
        bpf.program("told").attach();
    }

    /** What it does is asked of the agent's thread for CPU 0. */
    @Case("agent-on-cpu")
    @Test
    void theAgentRunsThere(Machine machine, BpfObject bpf) throws IOException {
        watch(machine, bpf);
        holdOn0(machine, bpf);
        storm(machine);
        bpf.program("hold_first").runOnPacket(0, PACKET);
    }

    private static void holdOn0(Machine machine, BpfObject bpf) throws IOException {
        BpfProgram.startTogether(bpf.program("hold_first").onPacket(0, PACKET));
        machine.eventually(() -> bpf.global("held").get() > 0);
    }

    private static void setAlarm(Duration in, BpfObject bpf) throws IOException {
        bpf.global("delay_ns").set(in.toNanos());
        bpf.program("set_alarm").runOnPacket(0, PACKET);
    }

    private static void watch(Machine machine, BpfObject bpf) throws IOException {
        bpf.program("told").attach();
        bpf.program("on_nmi").attach();
    }

    private static void storm(Machine machine) throws IOException {
        machine.nmi().storm().perSecond(100).untilEvidence(STORM);
    }
}
