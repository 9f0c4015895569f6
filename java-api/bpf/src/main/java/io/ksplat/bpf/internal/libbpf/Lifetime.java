// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import java.io.IOException;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** Prevents that native memory is freed during a call, or used after it was freed: that would crash the JVM. */
final class Lifetime {
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private final String owner;
    private boolean ended;

    Lifetime(String owner) {
        this.owner = owner;
    }

    /** A use of the native memory. */
    @FunctionalInterface
    public interface Use<T> {
        T use() throws IOException;
    }

    /**
     * Runs a use.
     *
     * @throws IllegalStateException if the lifetime has ended
     */
    <T> T during(Use<T> use) throws IOException {
        lock.readLock().lock();
        try {
            if (ended) {
                throw new IllegalStateException(owner + " is closed");
            }
            return use.use();
        } finally {
            lock.readLock().unlock();
        }
    }

    /** Ends the lifetime once: waits for the uses that have begun, and allows no others. */
    void end(Runnable end) {
        lock.writeLock().lock();
        try {
            if (!ended) {
                ended = true;
                end.run();
            }
        } finally {
            lock.writeLock().unlock();
        }
    }
}
