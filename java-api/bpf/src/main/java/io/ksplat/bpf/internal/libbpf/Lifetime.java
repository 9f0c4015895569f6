// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import java.io.IOException;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** Keeps native memory from being freed under a call, and from being used after it: that would end the whole JVM. */
final class Lifetime {
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private final String whose;
    private boolean over;

    Lifetime(String whose) {
        this.whose = whose;
    }

    /** A use of what lives. */
    @FunctionalInterface
    public interface Use<T> {
        T use() throws IOException;
    }

    /** @throws IllegalStateException where it was ended */
    <T> T during(Use<T> use) throws IOException {
        lock.readLock().lock();
        try {
            if (over) {
                throw new IllegalStateException(whose + " is closed");
            }
            return use.use();
        } finally {
            lock.readLock().unlock();
        }
    }

    /** Waits for the uses that have begun; no other comes after. The end itself happens once. */
    void end(Runnable end) {
        lock.writeLock().lock();
        try {
            if (!over) {
                over = true;
                end.run();
            }
        } finally {
            lock.writeLock().unlock();
        }
    }
}
