// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.kernel.internal.Digests;
import io.ksplat.kernel.internal.EditDistance;
import io.ksplat.results.internal.KnownReports;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

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
     * Returns the operations that are meant: by their names, or by the names of families; all if nothing is named. {@code A+B} means
     * that the NMI does B.
     *
     * @throws IllegalArgumentException if there is none of a name
     */
    public static List<Operation> named(List<String> names) {
        if (names.isEmpty()) {
            return List.copyOf(ALL.values());
        }
        Set<Operation> meant = new LinkedHashSet<>();
        for (String name : names) {
            int against = name.indexOf(Operation.AGAINST);
            meant.addAll(
                    against < 0
                            ? single(name)
                            : against(single(name.substring(0, against)), single(name.substring(against + 1))));
        }
        return List.copyOf(meant);
    }

    private static List<Operation> single(String name) {
        List<Operation> found = ALL.values().stream()
                .filter(operation ->
                        operation.name().equals(name) || operation.family().equals(name))
                .toList();
        if (found.isEmpty()) {
            Stream<String> names =
                    ALL.values().stream().flatMap(operation -> Stream.of(operation.name(), operation.family()));
            throw new IllegalArgumentException("there is no operation " + name + "; the nearest: "
                    + EditDistance.nearest(name, names) + "; all of them: ksplat hunt --list");
        }
        return found;
    }

    /**
     * Returns each operation of a task with each other one in the NMI.
     *
     * @throws IllegalArgumentException if no two of them differ, or if the NMI of one does something else already
     */
    public static List<Operation> against(List<Operation> inTask, List<Operation> inNmi) {
        List<Operation> pairs = new ArrayList<>();
        for (Operation one : inTask) {
            if (one.other().isPresent()) {
                throw new IllegalArgumentException("the NMI of " + one.name() + " does something else already");
            }
            inNmi.stream().filter(two -> !two.equals(one)).map(one::against).forEach(pairs::add);
        }
        if (pairs.isEmpty()) {
            throw new IllegalArgumentException("the NMI does what the task does, if nothing else is said: name another"
                    + " operation than " + inTask.get(0).name());
        }
        return List.copyOf(pairs);
    }

    /** Returns names of operations, each once, in the order of the list; with another operation in the NMI behind what is alone. */
    static List<String> inOrder(Collection<String> names) {
        List<String> all = List.copyOf(ALL.keySet());
        Comparator<List<String>> byTask = Comparator.comparingInt(parts -> all.indexOf(parts.get(0)));
        return names.stream()
                .distinct()
                .map(name -> List.of(name.split(Pattern.quote(Operation.AGAINST), 2)))
                .sorted(byTask.thenComparingInt(parts -> parts.size() == 1 ? -1 : all.indexOf(parts.get(1))))
                .map(parts -> String.join(Operation.AGAINST, parts))
                .toList();
    }
}
