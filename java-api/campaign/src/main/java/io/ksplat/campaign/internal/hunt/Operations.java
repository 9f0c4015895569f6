// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.kernel.internal.Digests;
import io.ksplat.results.internal.KnownReports;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The operations that a hunt knows. Their BPF C lies in {@code reproducers/operations/}. */
public final class Operations {
    private static final String KNOWN = "/io/ksplat/reproducers/known.toml";
    private static final Map<String, Operation> ALL = all();

    private Operations() {}

    private static Map<String, Operation> all() {
        Map<String, Operation> byName = new LinkedHashMap<>();
        OperationList.make().forEach(operation -> byName.put(operation.name(), operation));
        return Collections.unmodifiableMap(byName);
    }

    /** Returns the findings that are no news: {@code reproducers/known.toml}. */
    public static KnownReports known() throws IOException {
        InputStream stream = Operations.class.getResourceAsStream(KNOWN);
        if (stream == null) {
            throw new IOException("there is no " + KNOWN + " on the class path: put ksplat's reproducers there");
        }
        return KnownReports.read("known.toml", stream);
    }

    /** Returns what tells an operation apart from others, and from itself with other sources. */
    public static String digest(Operation operation) throws IOException {
        return Digests.sha256(operation.name() + "\n" + OperationPair.sources());
    }

    /**
     * Returns the operations that are meant: by their names, or by the names of families; all if nothing is named.
     *
     * @throws IllegalArgumentException if there is none of a name
     */
    public static List<Operation> named(List<String> names) {
        if (names.isEmpty()) {
            return List.copyOf(ALL.values());
        }
        Set<Operation> meant = new LinkedHashSet<>();
        for (String name : names) {
            List<Operation> found = ALL.values().stream()
                    .filter(operation ->
                            operation.name().equals(name) || operation.family().equals(name))
                    .toList();
            if (found.isEmpty()) {
                throw new IllegalArgumentException(
                        "there is no operation " + name + "; there are: " + String.join(", ", ALL.keySet()));
            }
            meant.addAll(found);
        }
        return List.copyOf(meant);
    }
}
