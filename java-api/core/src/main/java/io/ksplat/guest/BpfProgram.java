// SPDX-License-Identifier: Apache-2.0
package io.ksplat.guest;

import com.google.protobuf.ByteString;
import io.ksplat.guest.proto.BpfAttach;
import io.ksplat.guest.proto.BpfDetach;
import io.ksplat.guest.proto.BpfTestRun;
import io.ksplat.guest.proto.Request;
import io.ksplat.guest.proto.StreamRead;
import io.ksplat.guest.proto.TestRunResult;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** A loaded BPF program. */
public final class BpfProgram {
    private static final int STDERR = 2;

    private final AgentClient agent;
    private final int handle;
    private final io.ksplat.guest.proto.BpfProgram program;

    BpfProgram(AgentClient agent, int handle, io.ksplat.guest.proto.BpfProgram program) {
        this.agent = agent;
        this.handle = handle;
        this.program = program;
    }

    public String name() {
        return program.getName();
    }

    /** A program that is attached until this is closed, or its object is. */
    public final class Link implements AutoCloseable {
        private final int id;

        private Link(int id) {
            this.id = id;
        }

        @Override
        public void close() throws IOException {
            agent.call(Request.newBuilder().setBpfDetach(BpfDetach.newBuilder().setLink(id)));
        }
    }

    /** Attaches it to what its section names. */
    public Link attach() throws IOException {
        return new Link(agent.call(Request.newBuilder()
                        .setBpfAttach(BpfAttach.newBuilder().setHandle(handle).setProgram(name())))
                .getLink()
                .getLink());
    }

    /**
     * Runs it once with BPF_PROG_TEST_RUN, on whatever CPU.
     *
     * @return what it returned
     */
    public int run() throws IOException {
        return run(testRun());
    }

    /** Runs it once on a CPU. */
    public int runOn(int cpu) throws IOException {
        return run(testRun().setCpu(cpu));
    }

    /** Runs it once on a CPU, with the bytes that it is to find behind its context pointer. */
    public int runOn(int cpu, byte[] context) throws IOException {
        return run(testRun().setCpu(cpu).setContext(ByteString.copyFrom(context)));
    }

    /** Runs it once on a CPU, on a packet: programs that filter packets want one. */
    public int runOnPacket(int cpu, byte[] packet) throws IOException {
        return run(testRun().setCpu(cpu).setData(ByteString.copyFrom(packet)));
    }

    /** Has it run on a CPU and does not wait: it may well never return. */
    public void startOn(int cpu) throws IOException {
        on(cpu).start(0);
    }

    /** A run of it on a CPU, to be started together with others. */
    public Run on(int cpu) {
        return new Run(testRun().setCpu(cpu));
    }

    /** As {@link #on(int)}, on a packet. */
    public Run onPacket(int cpu, byte[] packet) {
        return new Run(testRun().setCpu(cpu).setData(ByteString.copyFrom(packet)));
    }

    /** One run that is to be started. */
    public final class Run {
        private final BpfTestRun.Builder run;

        private Run(BpfTestRun.Builder run) {
            this.run = run;
        }

        private void start(int together) throws IOException {
            agent.send(Request.newBuilder().setBpfTestRun(run.setTogether(together)));
        }
    }

    /**
     * Has several run, each on a CPU of its own, and does not wait: they may well never return. Each is on its CPU before any of
     * them begins.
     */
    public static void startTogether(Run... runs) throws IOException {
        for (Run run : runs) {
            run.start(runs.length);
        }
    }

    /** What it and the kernel on its behalf wrote to its stderr stream since the last read (Linux 6.17 and later). */
    public String readStderr() throws IOException {
        return agent.call(Request.newBuilder()
                        .setStreamRead(StreamRead.newBuilder()
                                .setHandle(handle)
                                .setProgram(name())
                                .setStream(STDERR)))
                .getBytes()
                .getData()
                .toString(StandardCharsets.UTF_8);
    }

    private BpfTestRun.Builder testRun() {
        return BpfTestRun.newBuilder().setHandle(handle).setProgram(name());
    }

    private int run(BpfTestRun.Builder run) throws IOException {
        TestRunResult result =
                agent.call(Request.newBuilder().setBpfTestRun(run)).getTestRunResult();
        if (result.getError() != 0) {
            throw new AgentException(io.ksplat.guest.proto.Failure.newBuilder()
                    .setError(result.getError())
                    .setWhat("BPF_PROG_TEST_RUN of " + name())
                    .build());
        }
        return result.getRetval();
    }
}
