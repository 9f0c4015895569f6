// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import io.ksplat.bpf.internal.BpfBackend;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A loaded BPF program.
 *
 * <pre>{@code
 * int returned = bpf.program("stash_task").run();
 * RunResult filtered = bpf.program("filter").onPacket(0, new byte[64]).finish();
 * try (BpfProgram.Link attached = bpf.program("on_nmi").attach()) {
 *     String printed = bpf.program("on_nmi").stream(BpfStream.STDERR);
 * }
 * }</pre>
 */
public final class BpfProgram {
    private static final byte[] NOTHING = {};

    private final BpfObject object;
    private final String name;

    BpfProgram(BpfObject object, String name) {
        this.object = object;
        this.name = name;
    }

    /** Returns its C name. */
    public String name() {
        return name;
    }

    /** Keeps a program attached, until this or its object is closed. */
    public static final class Link implements AutoCloseable {
        private final BpfObject object;
        private final long id;
        private final AtomicBoolean closed = new AtomicBoolean();

        private Link(BpfObject object, long id) {
            this.object = object;
            this.id = id;
        }

        /** Detaches it. Does nothing if it is closed again, or after its object. */
        @Override
        public void close() throws IOException {
            if (!closed.getAndSet(true) && !object.isClosed()) {
                object.backend().detach(id);
            }
        }
    }

    /** Attaches it where its section says. */
    public Link attach() throws IOException {
        return new Link(object, object.backend().attach(name));
    }

    /**
     * Runs it once with BPF_PROG_TEST_RUN, on any CPU.
     *
     * @return its return value
     */
    public int run() throws IOException {
        return run(OptionalInt.empty(), NOTHING, NOTHING).finish().returned();
    }

    /** Runs it once on a CPU. */
    public int runOn(int cpu) throws IOException {
        return on(cpu).finish().returned();
    }

    /** Runs it once on a CPU, with a context: the bytes that its context pointer leads to. */
    public int runOn(int cpu, byte[] context) throws IOException {
        return on(cpu, context).finish().returned();
    }

    /** Runs it once on a CPU, on a packet, which packet filters need. */
    public int runOnPacket(int cpu, byte[] packet) throws IOException {
        return onPacket(cpu, packet).finish().returned();
    }

    /** Starts it on a CPU and does not wait: it may never return. */
    public void startOn(int cpu) throws IOException {
        on(cpu).start(Optional.empty());
    }

    /** Prepares a run on a CPU, to start together with others, or to finish. */
    public Run on(int cpu) {
        return run(OptionalInt.of(cpu), NOTHING, NOTHING);
    }

    /** As {@link #on(int)}, with a context: the bytes that its context pointer leads to. */
    public Run on(int cpu, byte[] context) {
        return run(OptionalInt.of(cpu), context, NOTHING);
    }

    /** As {@link #on(int)}, on a packet. */
    public Run onPacket(int cpu, byte[] packet) {
        return run(OptionalInt.of(cpu), NOTHING, packet);
    }

    private Run run(OptionalInt cpu, byte[] context, byte[] packet) {
        return new Run(object, new BpfBackend.RunPlan(name, cpu, context.clone(), packet.clone(), 0));
    }

    /** A run that is not started yet. */
    public static final class Run {
        private final BpfObject object;
        private final BpfBackend.RunPlan plan;

        private Run(BpfObject object, BpfBackend.RunPlan plan) {
            this.object = object;
            this.plan = plan;
        }

        /** Returns the same, repeated a number of times; some program types refuse repetitions. */
        public Run repeat(int times) {
            return new Run(object, new BpfBackend.RunPlan(plan.program, plan.cpu, plan.context, plan.packet, times));
        }

        /**
         * Runs it, and waits for the result.
         *
         * @throws BpfException if the kernel refuses it
         */
        public RunResult finish() throws IOException {
            return object.backend().run(plan);
        }

        private void start(Optional<BpfBackend.Party> party) throws IOException {
            object.backend().start(plan, party);
        }
    }

    /**
     * Starts several runs, each on its CPU, and does not wait: they may never return. None begins before all are on their CPUs.
     */
    public static void startTogether(Run... runs) throws IOException {
        BpfBackend.Party party = new BpfBackend.Party(runs.length, new CyclicBarrier(runs.length));
        for (Run run : runs) {
            run.start(Optional.of(party));
        }
    }

    /**
     * Reads what it, and the kernel on its behalf, wrote to a stream since the last read; at most 100,000 bytes.
     *
     * @throws BpfException with EINVAL on kernels before 6.17, which have no streams
     */
    public String stream(BpfStream stream) throws IOException {
        return new String(object.backend().readStream(name, stream), StandardCharsets.UTF_8);
    }
}
