// SPDX-License-Identifier: Apache-2.0
import static io.ksplat.evidence.Verdict.CLEAN;
import static io.ksplat.evidence.Verdict.INCONCLUSIVE;

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

/** CPUs that are busy, and CPUs that wait for them and get what they want. DEADLOCK is wrong; see busy.bpf.c. */
@Reproducer(
        id = "trust-busy",
        bpf = "busy.bpf.c",
        shows = "programs that take long and end by themselves, in every context",
        seed = "A verdict is never wrong")
@Needs(cases = "under-bucket-lock", functions = "alloc_htab_elem")
@Expect(
        verdict = INCONCLUSIVE,
        cases = {"for-ever", "for-ever-under-lock"},
        because = "one CPU is busy for longer than the kernel's own watchdog allows, and waits for nothing")
@Expect(verdict = CLEAN, because = "it ends by itself")
class Busy {
    private static final byte[] PACKET = new byte[64];
    private static final long MANY = 300_000;
    private static final Duration LONG = Duration.ofSeconds(3);

    @Case("task")
    @Test
    void inATask(Machine machine, BpfObject bpf) throws IOException {
        busyFor(Duration.ofSeconds(6), machine, bpf);
        bpf.program("busy").startOn(0);
    }

    @Case("for-ever")
    @Test
    void longerThanAnyMay(Machine machine, BpfObject bpf) throws IOException {
        busyFor(Duration.ofDays(1), machine, bpf);
        bpf.program("busy").startOn(0);
    }

    @Case("both-cpus")
    @Test
    void inTwoTasks(Machine machine, BpfObject bpf) throws IOException {
        bpf.global("limit_ns").set(LONG.toNanos());
        machine.controls().atLeast("ended", bpf.global("busy_ended"), 2);
        BpfProgram.startTogether(bpf.program("busy").on(0), bpf.program("busy").on(1));
    }

    @Case("nmi")
    @Test
    void inAnNmi(Machine machine, BpfObject bpf) throws IOException {
        busyFor(LONG, machine, bpf);
        bpf.program("on_nmi").attach();
        machine.nmi().storm().perSecond(10).forTime(Duration.ofMillis(200));
    }

    @Case("timer")
    @Test
    void inATimer(Machine machine, BpfObject bpf) throws IOException {
        busyFor(LONG, machine, bpf);
        bpf.program("set_alarm").runOnPacket(0, PACKET);
    }

    /** The other CPU polls a spin lock with interrupts off, for long: its owner is interrupted, but not for good. */
    @Case("nmi-under-lock")
    @Test
    void anNmiInterruptsTheOwner(Machine machine, BpfObject bpf) throws IOException {
        interruptTheOwner(LONG, machine, bpf);
    }

    /** A lock whose owner executes code for as long as it is watched may still be released. */
    @Case("for-ever-under-lock")
    @Test
    void anNmiInterruptsTheOwnerForEver(Machine machine, BpfObject bpf) throws IOException {
        interruptTheOwner(Duration.ofDays(1), machine, bpf);
    }

    private static void interruptTheOwner(Duration time, Machine machine, BpfObject bpf) throws IOException {
        busyFor(time, machine, bpf);
        machine.controls().atLeast("waited", bpf.global("waited"), 1);
        bpf.program("on_nmi").attach();
        BpfProgram.startTogether(
                bpf.program("hold_first").onPacket(0, PACKET),
                bpf.program("want").onPacket(1, PACKET));
        machine.eventually(() -> bpf.global("held").get() > 1000);
        machine.nmi().storm().perSecond(10).forTime(Duration.ofMillis(200));
    }

    /** The kernel's own lock of a hash table's bucket, held for long. */
    @Case("under-bucket-lock")
    @Test
    void underTheLockOfABucket(Machine machine, BpfObject bpf) throws IOException {
        busyFor(LONG, machine, bpf);
        machine.controls().atLeast("updated", bpf.global("updated"), 2);
        bpf.program("under_bucket_lock").attach();
        BpfProgram.startTogether(
                bpf.program("update").on(0), bpf.program("update").on(1));
    }

    /** Two CPUs take one lock by turns. */
    @Case("contended")
    @Test
    void twoCpusWantOneLock(Machine machine, BpfObject bpf) throws IOException {
        bpf.global("most").set(MANY);
        machine.controls().atLeast("waited", bpf.global("waited"), 2).atLeast("held", bpf.global("held"), MANY);
        BpfProgram.startTogether(
                bpf.program("want").onPacket(0, PACKET), bpf.program("want").onPacket(1, PACKET));
    }

    @Case("storm")
    @Test
    void manyNmis(Machine machine, BpfObject bpf) throws IOException {
        machine.controls().atLeast("nmis", bpf.global("nmis"), 10);
        bpf.program("on_nmi").attach();
        machine.churn(0);
        machine.nmi().storm().perSecond(20).forTime(LONG);
    }

    /** The whole machine stands still, as one does whose host has other things to do. */
    @Case("stopped-machine")
    @Test
    void theMachineStandsStill(Machine machine, BpfObject bpf) throws IOException {
        machine.controls().atLeast("nmis", bpf.global("nmis"), 1);
        bpf.program("on_nmi").attach();
        machine.churn(0);
        machine.nmi()
                .aimAt("vfs_unlink")
                .on(0)
                .when(cpu -> {
                    pause();
                    return true;
                })
                .fire();
    }

    private static void pause() {
        try {
            Thread.sleep(3000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void busyFor(Duration time, Machine machine, BpfObject bpf) throws IOException {
        bpf.global("limit_ns").set(time.toNanos());
        machine.controls().atLeast("ended", bpf.global("busy_ended"), 1);
    }
}
