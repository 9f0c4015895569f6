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
 *     String said = bpf.program("on_nmi").stream(BpfStream.STDERR);
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

    public String name() {
        return name;
    }

    /** A program that is attached until this is closed, or its object is. */
    public static final class Link implements AutoCloseable {
        private final BpfObject object;
        private final long id;
        private final AtomicBoolean closed = new AtomicBoolean();

        private Link(BpfObject object, long id) {
            this.object = object;
            this.id = id;
        }

        /** Detaches it; a second time, or after its object was closed, this does nothing. */
        @Override
        public void close() throws IOException {
            if (!closed.getAndSet(true) && !object.isClosed()) {
                object.backend().detach(id);
            }
        }
    }

    /** Attaches it to what its section names. */
    public Link attach() throws IOException {
        return new Link(object, object.backend().attach(name));
    }

    /**
     * Runs it once with BPF_PROG_TEST_RUN, on whatever CPU.
     *
     * @return what it returned
     */
    public int run() throws IOException {
        return run(OptionalInt.empty(), NOTHING, NOTHING).finish().returned();
    }

    /** Runs it once on a CPU. */
    public int runOn(int cpu) throws IOException {
        return on(cpu).finish().returned();
    }

    /** Runs it once on a CPU, with the bytes that it is to find behind its context pointer. */
    public int runOn(int cpu, byte[] context) throws IOException {
        return on(cpu, context).finish().returned();
    }

    /** Runs it once on a CPU, on a packet: programs that filter packets want one. */
    public int runOnPacket(int cpu, byte[] packet) throws IOException {
        return onPacket(cpu, packet).finish().returned();
    }

    /** Has it run on a CPU and does not wait: it may well never return. */
    public void startOn(int cpu) throws IOException {
        on(cpu).start(Optional.empty());
    }

    /** A run of it on a CPU, to be started together with others, or finished. */
    public Run on(int cpu) {
        return run(OptionalInt.of(cpu), NOTHING, NOTHING);
    }

    /** As {@link #on(int)}, with the bytes that it is to find behind its context pointer. */
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

    /** One run that is to be started. */
    public static final class Run {
        private final BpfObject object;
        private final BpfBackend.RunPlan plan;

        private Run(BpfObject object, BpfBackend.RunPlan plan) {
            this.object = object;
            this.plan = plan;
        }

        /** The same, so many times in a row; some program types refuse more than once. */
        public Run repeat(int times) {
            return new Run(object, new BpfBackend.RunPlan(plan.program, plan.cpu, plan.context, plan.packet, times));
        }

        /**
         * Runs it and waits for what it gave.
         *
         * @throws io.ksplat.bpf.BpfException where the kernel refuses it
         */
        public RunResult finish() throws IOException {
            return object.backend().run(plan);
        }

        private void start(Optional<BpfBackend.Party> party) throws IOException {
            object.backend().start(plan, party);
        }
    }

    /**
     * Has several run, each on a CPU of its own, and does not wait: they may well never return. Each is on its CPU before any of
     * them begins.
     */
    public static void startTogether(Run... runs) throws IOException {
        BpfBackend.Party party = new BpfBackend.Party(runs.length, new CyclicBarrier(runs.length));
        for (Run run : runs) {
            run.start(Optional.of(party));
        }
    }

    /**
     * What it and the kernel on its behalf wrote to one of its streams since the last read; at most 100,000 bytes.
     *
     * @throws io.ksplat.bpf.BpfException with EINVAL from kernels before 6.17, which have no streams
     */
    public String stream(BpfStream stream) throws IOException {
        return new String(object.backend().readStream(name, stream), StandardCharsets.UTF_8);
    }
}
