// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import io.ksplat.bpf.internal.BpfBackend;
import io.ksplat.kernel.internal.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The consumer of a BPF ring buffer. Every wait has a deadline. What is not taken stays in the ring, whose size bounds it: nothing piles
 * up here. A ring that is full loses records in the kernel, where {@code bpf_ringbuf_reserve()} gives NULL to the program and nobody but
 * the program counts: have it count in a global, and name that in {@link #countingLossesIn}.
 *
 * <pre>{@code
 * record Event(int pid, String comm) {}
 *
 * try (RingBuffer<Event> events = bpf.ringBuffer("events", Event.class, "event").countingLossesIn(bpf.global("lost"))) {
 *     for (Event event : events.take(100, Duration.ofSeconds(2))) {
 *         System.out.println(event.pid() + " " + event.comm());
 *     }
 *     System.out.println(events.lost() + " lost");
 * }
 * }</pre>
 */
public final class RingBuffer<T> implements AutoCloseable {
    /** In one answer; and no longer record is taken. */
    private static final int MOST_BYTES = 4 << 20;

    /** A request waits no longer in the guest, so that a close is not held up. */
    private static final Duration SLICE = Duration.ofMillis(200);

    private final BpfObject object;
    private final String name;
    private final BpfBackend.RingSource source;
    private final Function<byte[], T> decode;
    private Optional<Global> losses = Optional.empty();
    private volatile boolean closed;

    private RingBuffer(BpfMap map, Function<byte[], T> decode) throws IOException {
        this.object = map.object();
        this.name = map.name();
        this.source = object.backend().ring(name);
        this.decode = decode;
    }

    static RingBuffer<byte[]> ofBytes(BpfObject object, BpfMap map) throws IOException {
        return new RingBuffer<>(map, bytes -> bytes);
    }

    static <T> RingBuffer<T> of(BpfObject object, BpfMap map, Class<T> java, BtfType type, String name)
            throws IOException {
        BtfCodec<T> codec = BtfCodec.of(java, type, "record of ring buffer " + map.name() + ", " + name);
        return new RingBuffer<>(map, codec::decode);
    }

    /** Adds to {@link #lost} what the program counts in a global variable where it could not write a record. */
    public RingBuffer<T> countingLossesIn(Global counter) {
        losses = Optional.of(counter);
        return this;
    }

    /**
     * Records in their order: what is there, or else what comes first. Returns when there is at least one, or time is up.
     *
     * @param most how many at most
     * @return empty where none came in time
     */
    public List<T> take(int most, Duration patience) throws IOException {
        if (most <= 0) {
            throw new IllegalArgumentException("take at least one record, not " + most);
        }
        Deadline deadline = Deadline.in(patience);
        while (true) {
            if (closed) {
                throw new IllegalStateException("the consumer of ring buffer " + name + " is closed");
            }
            object.backend();
            Duration left = deadline.remaining();
            List<byte[]> records = source.poll(most, MOST_BYTES, left.compareTo(SLICE) < 0 ? left : SLICE);
            if (!records.isEmpty() || deadline.expired()) {
                return records.stream().map(decode).toList();
            }
        }
    }

    /** The next record; empty where none comes in time. */
    public Optional<T> next(Duration patience) throws IOException {
        return take(1, patience).stream().findFirst();
    }

    /**
     * Records that the program wrote, or wanted to, and that nobody gets: those longer than 4 MiB, which are dropped, and what the
     * program itself counts, see {@link #countingLossesIn}.
     */
    public long lost() throws IOException {
        return source.tooLong() + (losses.isPresent() ? losses.get().get() : 0);
    }

    /** The ring itself lives as long as its object. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            source.close();
        }
    }
}
