// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.kernel.internal.EditDistance;
import java.util.List;
import java.util.Optional;

/**
 * Reproducers that can be run, by their ids.
 *
 * <pre>{@code
 * Catalogue catalogue = new Catalogue(List.of());
 * for (Catalogue.Entry entry : catalogue.entries()) {
 *     System.out.println(entry.fullId() + ": " + entry.shows());
 * }
 * }</pre>
 */
public record Catalogue(List<Entry> entries) {
    public Catalogue {
        entries = List.copyOf(entries);
    }

    /** What an entry is made of. */
    public sealed interface Source {
        /** A class that a test framework runs. */
        record TestClass(Class<?> type) implements Source {}

        /** A scenario that the engine runs itself. */
        record Direct(Scenario scenario) implements Source {}

        /** A file of the kernel's BPF selftests, whose cases a kernel's headers tell. */
        record Selftests(SelftestFile file) implements Source {}
    }

    /**
     * A figure that an entry gives, which makes it a workload.
     *
     * @param name in camel case, as in JSON
     * @param count the control that counts
     * @param nanoseconds the control that counts the nanoseconds that it took; empty: the count itself is the figure
     */
    public record Metric(String name, String unit, String count, String nanoseconds) {}

    /**
     * A reproducer.
     *
     * @param testCase the one case of it that is meant, by its name, which is "" of the case that has none; empty: all of them
     * @param shows what it shows, in one line
     * @param seed where it comes from
     */
    public record Entry(
            String id, Optional<String> testCase, String shows, String seed, List<Metric> metrics, Source source) {
        public Entry {
            metrics = List.copyOf(metrics);
        }

        /** Returns its id, with the case after a slash. */
        public String fullId() {
            return id
                    + testCase.filter(name -> !name.isEmpty())
                            .map(name -> "/" + name)
                            .orElse("");
        }

        /** Returns whether a run's id is of this entry. */
        public boolean covers(String runId) {
            return runId.equals(fullId()) || (testCase.isEmpty() && runId.startsWith(id + "/"));
        }

        /** Returns the entry of one case of it; "" is the name of the case that has none. */
        public Entry only(String name) {
            return new Entry(id, Optional.of(name), shows, seed, metrics, source);
        }
    }

    /**
     * Returns the entry of an id, which may name a case after a slash.
     *
     * @throws IllegalArgumentException if there is none, with the nearest names
     */
    public Entry find(String id) {
        int slash = id.indexOf('/');
        if (slash >= 0 && entries.stream().noneMatch(entry -> entry.id().equals(id))) {
            return find(id.substring(0, slash)).only(id.substring(slash + 1));
        }
        return entries.stream()
                .filter(entry -> entry.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no reproducer " + id + "; the nearest: "
                        + EditDistance.nearest(id, entries.stream().map(Entry::id))));
    }
}
