// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit.internal;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Stands in the launcher session's store in the place of a session: then no test runs, and the names of those that would come back
 * through it. JUnit itself makes a parameterised test's invocations, so that any source of arguments is understood. Thread-safe.
 */
public final class CaseListing {
    /** A method may make invocations without end. */
    private static final int MOST = 10_000;

    private final Set<String> names = new LinkedHashSet<>();

    synchronized void add(String name) {
        if (names.size() == MOST) {
            throw new IllegalStateException("more than " + MOST + " cases");
        }
        names.add(name);
    }

    /** Returns what follows the reproducer's id in each run's id, in the order of the runs; "" for the case without a name. */
    public synchronized List<String> names() {
        return List.copyOf(names);
    }
}
