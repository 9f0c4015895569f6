// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit.internal;

import io.ksplat.engine.Conclusion;
import io.ksplat.engine.RunRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * Wraps a request and its session, owned by whoever drives the launcher, so that closing JUnit's store does not close the session. The
 * runs' conclusions come back through it. Thread-safe.
 */
public final class BorrowedSession {
    private final RunRequest request;
    private final List<Conclusion> conclusions = new ArrayList<>();
    private final Set<Throwable> told = Collections.newSetFromMap(new IdentityHashMap<>());

    public BorrowedSession(RunRequest request) {
        this.request = request;
    }

    public RunRequest request() {
        return request;
    }

    synchronized void concluded(Conclusion conclusion) {
        conclusions.add(conclusion);
    }

    /** Remembers a failure that the report tells of: it tells more than the exception. */
    synchronized void told(Throwable failure) {
        told.add(failure);
    }

    /** Returns what its runs came to so far. */
    public synchronized List<Conclusion> conclusions() {
        return List.copyOf(conclusions);
    }

    /** Returns whether the report tells of a failure. */
    public synchronized boolean isTold(Throwable failure) {
        return told.contains(failure);
    }
}
