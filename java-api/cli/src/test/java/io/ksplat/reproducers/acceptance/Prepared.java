// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.acceptance;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.evidence.Verdict;
import io.ksplat.junit.BeforeSnapshot;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A process, a counter and a tracer from before the machine was frozen. */
@Reproducer(
        id = "acceptance-prepared",
        bpf = "counter.bpf.c",
        shows = "what is done before a machine is frozen is there in each that is restored from it",
        seed = "none")
@Expect(verdict = Verdict.CLEAN)
public final class Prepared {
    public static final AtomicInteger SET_UPS = new AtomicInteger();
    /** What each attempt saw of its machine: increments, two of them from before. */
    public static final Queue<Long> COUNTS = new ConcurrentLinkedQueue<>();

    public static final Queue<String> RANDOM = new ConcurrentLinkedQueue<>();

    @BeforeSnapshot
    void prepare(Machine machine, BpfObject bpf) throws IOException {
        SET_UPS.incrementAndGet();
        machine.spawnParked(1);
        bpf.program("increment").run();
        bpf.program("increment").run();
        machine.load("tracer.bpf.c").program("on_fork").attach();
    }

    @Test
    void goOn(Machine machine, BpfObject bpf) throws IOException {
        BpfObject tracer = machine.load("tracer.bpf.c");
        bpf.program("increment").run();
        machine.spawnParked(0);
        COUNTS.add(bpf.global("count").get());
        RANDOM.add(new String(machine.readFile("/proc/sys/kernel/random/uuid"), StandardCharsets.US_ASCII));
        machine.controls().atLeast("count", bpf.global("count"), 3).atLeast("forks", tracer.global("forks"), 1);
    }
}
