// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.agent;

import com.google.protobuf.ByteString;
import io.ksplat.bpf.internal.BpfBackend;
import io.ksplat.machine.internal.agent.proto.Records;
import io.ksplat.machine.internal.agent.proto.Request;
import io.ksplat.machine.internal.agent.proto.Response;
import io.ksplat.machine.internal.agent.proto.RingRead;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** A ring buffer in a machine. The agent keeps no state between two polls: records that were not read stay in the ring. */
final class AgentRing implements BpfBackend.RingSource {
    private final Caller agent;
    private final int handle;
    private final String map;
    private long tooLong;

    /** Sends a request to the agent, with a longer time limit than other requests. */
    @FunctionalInterface
    interface Caller {
        Response call(Request.Builder request, Duration more) throws IOException;
    }

    AgentRing(Caller agent, int handle, String map) {
        this.agent = agent;
        this.handle = handle;
        this.map = map;
    }

    @Override
    public synchronized List<byte[]> poll(int most, int mostBytes, Duration timeout) throws IOException {
        Records records = agent.call(
                        Request.newBuilder()
                                .setRingRead(RingRead.newBuilder()
                                        .setHandle(handle)
                                        .setMap(map)
                                        .setMost(most)
                                        .setMostBytes(mostBytes)
                                        .setTimeoutMs((int) timeout.toMillis())),
                        timeout)
                .getRecords();
        tooLong += Integer.toUnsignedLong(records.getTooLong());
        return records.getRecordsList().stream().map(ByteString::toByteArray).toList();
    }

    @Override
    public synchronized long tooLong() {
        return tooLong;
    }

    @Override
    public void close() {
        // The agent keeps no state.
    }
}
