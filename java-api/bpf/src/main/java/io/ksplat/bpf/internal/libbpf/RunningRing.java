// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import com.sun.jna.Pointer;
import io.ksplat.bpf.internal.jna.Libbpf;
import io.ksplat.bpf.internal.jna.SizeT;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The consumer of a ring buffer in the running kernel. It throws IllegalStateException after it or its object is closed. */
public final class RunningRing implements AutoCloseable {
    private static final int FULL = -1;

    private final Lifetime object;
    private final Lifetime own;
    private final String name;
    private final Libbpf.RingBuffer ring;

    // libbpf keeps only the address of the callback
    private final Libbpf.SampleFunction callback;

    private final List<byte[]> taken = new ArrayList<>();
    private long longest;
    private long bytesLeft;
    private int most;
    private long tooLong;

    private RunningRing(Lifetime object, String name, int fd) throws IOException {
        this.object = object;
        this.own = new Lifetime("the consumer of ring buffer " + name);
        this.name = name;
        this.callback = this::take;
        try (NativeCall call = NativeCall.open()) {
            Libbpf.RingBuffer made = Libbpf.ring_buffer__new(fd, callback, null, null);
            if (made == null) {
                throw call.refused("consume ring buffer " + name);
            }
            this.ring = made;
        }
    }

    static RunningRing of(Lifetime object, String name, int fd) throws IOException {
        return new RunningRing(object, name, fd);
    }

    /** Takes a record. Called only by {@link #poll}, which holds the lock. */
    private int take(@Nullable Pointer context, Pointer data, SizeT size) {
        if (size.longValue() > longest) {
            tooLong++;
            return 0;
        }
        taken.add(data.getByteArray(0, size.intValue()));
        bytesLeft -= size.longValue();
        return taken.size() >= most || bytesLeft <= 0 ? FULL : 0;
    }

    /**
     * Takes records; waits for the first one if there is none. Records that are not taken stay in the ring.
     *
     * @param atMost the largest number of records to take
     * @param atMostBytes the limit for their sum, without the last one; a longer record is dropped and counted
     * @param timeoutMs the longest wait; closing the object waits as long
     */
    public synchronized List<byte[]> poll(int atMost, long atMostBytes, int timeoutMs) throws IOException {
        return object.during(() -> own.during(() -> {
            taken.clear();
            most = atMost;
            longest = atMostBytes;
            bytesLeft = atMostBytes;
            try (NativeCall call = NativeCall.open()) {
                int polled = Libbpf.ring_buffer__poll(ring, timeoutMs);
                if (polled < 0 && polled != FULL && polled != -4 /* EINTR */) {
                    throw call.refused("consume ring buffer " + name, -polled);
                }
            }
            return List.copyOf(taken);
        }));
    }

    /** Returns the number of records that were dropped because they were too long. */
    public synchronized long tooLong() {
        return tooLong;
    }

    @Override
    public void close() {
        own.end(() -> Libbpf.ring_buffer__free(ring));
    }
}
