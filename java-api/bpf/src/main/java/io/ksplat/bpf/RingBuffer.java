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
 * The consumer of a BPF ring buffer. Every wait has a deadline. Records that are not taken stay in the ring in the kernel. If the ring is
 * full, records are lost: {@code bpf_ringbuf_reserve()} returns NULL, and only the program can count that. Let it count in a global
 * variable, and name that in {@link #countingLossesIn}.
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
    /** The limit for the records of one call, and for a single record. */
    private static final int MOST_BYTES = 4 << 20;

    /** The longest wait of a request in the guest: a close waits no longer than that. */
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

    /** Adds a global variable to {@link #lost}, in which the program counts the records that it could not write. */
    public RingBuffer<T> countingLossesIn(Global counter) {
        losses = Optional.of(counter);
        return this;
    }

    /**
     * Takes records in their order. Waits for the first one if there is none.
     *
     * @param most the largest number of records to take
     * @return empty if no record came in time
     */
    public List<T> take(int most, Duration timeout) throws IOException {
        if (most <= 0) {
            throw new IllegalArgumentException("take at least one record, not " + most);
        }
        Deadline deadline = Deadline.in(timeout);
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

    /** Takes the next record; empty if none comes in time. */
    public Optional<T> next(Duration timeout) throws IOException {
        return take(1, timeout).stream().findFirst();
    }

    /**
     * Returns the number of lost records: those longer than 4 MiB, which are dropped, and those that the program counts, see
     * {@link #countingLossesIn}.
     */
    public long lost() throws IOException {
        return source.tooLong() + (losses.isPresent() ? losses.get().get() : 0);
    }

    /** Stops consuming. The ring buffer lives as long as its object. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            source.close();
        }
    }
}
