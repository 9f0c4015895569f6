// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import io.ksplat.junit.Reproducer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.platform.commons.support.ReflectionSupport;

/** The reproducers on the class path. */
public record Catalogue(List<Entry> entries) {
    private static final String PACKAGE = "io.ksplat.reproducers";

    public Catalogue {
        entries = List.copyOf(entries);
    }

    /**
     * A reproducer and its class.
     *
     * @param testCase where only one case of it is meant
     */
    public record Entry(String id, Class<?> type, Optional<String> testCase) {
        public Reproducer reproducer() {
            return type.getAnnotation(Reproducer.class);
        }

        private Entry only(String name) {
            return new Entry(id, type, Optional.of(name));
        }
    }

    public static Catalogue load() {
        return new Catalogue(
                ReflectionSupport.findAllClassesInPackage(
                                PACKAGE, type -> type.isAnnotationPresent(Reproducer.class), name -> true)
                        .stream()
                        .map(type ->
                                new Entry(type.getAnnotation(Reproducer.class).id(), type, Optional.empty()))
                        .sorted(Comparator.comparing(Entry::id))
                        .toList());
    }

    /**
     * The entry of an id, which may name a case after a slash.
     *
     * @throws IllegalArgumentException where there is none, with the nearest names
     */
    public Entry find(String id) {
        int slash = id.indexOf('/');
        if (slash >= 0 && entries.stream().noneMatch(entry -> entry.id().equals(id))) {
            return find(id.substring(0, slash)).only(id.substring(slash + 1));
        }
        return entries.stream()
                .filter(entry -> entry.id().equals(id))
                .findFirst()
                .orElseThrow(() -> {
                    String near = entries.stream()
                            .map(Entry::id)
                            .sorted(Comparator.comparingInt(other -> distance(id, other)))
                            .limit(3)
                            .collect(Collectors.joining(", "));
                    return new IllegalArgumentException("there is no reproducer " + id + "; the nearest: " + near);
                });
    }

    /** Levenshtein's, by rows. */
    static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        Arrays.setAll(row, i -> i);
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int above = row[j];
                int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                row[j] = Math.min(diagonal + change, Math.min(above, row[j - 1]) + 1);
                diagonal = above;
            }
        }
        return row[b.length()];
    }
}
