// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import io.ksplat.machine.internal.BpfInventory;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a kernel has, and which of it the operations try.
 *
 * @param uncovered what none of them names
 * @param destructors those of the kernel's objects that maps can hold
 */
public record Coverage(Uncovered uncovered, List<Destructor> destructors) {
    private static final Pattern COMMENT = Pattern.compile("/\\*.*?\\*/", Pattern.DOTALL);
    private static final Pattern WORD = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    public Coverage {
        destructors = List.copyOf(destructors);
    }

    /**
     * What no operation names, though programs of the hunt's contexts may use it.
     *
     * @param maps types of maps; whether such programs may use them, nobody asks
     * @param kfuncs none, too, if the kernel's BTF does not mark them
     * @param refused helpers and kfuncs that the verifier refuses to such programs
     */
    public record Uncovered(
            List<String> maps,
            List<String> helpers,
            List<String> kfuncs,
            // A report of before has none.
            @JsonSetter(nulls = Nulls.AS_EMPTY) List<String> refused) {
        public Uncovered {
            maps = List.copyOf(maps);
            helpers = List.copyOf(helpers);
            kfuncs = List.copyOf(kfuncs);
            refused = List.copyOf(refused);
        }
    }

    /** Tells which of a kernel's calls its verifier refuses. */
    @FunctionalInterface
    interface Verifier {
        /**
         * Returns the names of those that it refuses.
         *
         * @param helpers their numbers, by name
         * @param kfuncs their BTF ids, by name
         */
        Set<String> refused(SortedMap<String, Integer> helpers, SortedMap<String, Integer> kfuncs)
                throws IOException, InterruptedException;
    }

    /**
     * What the kernel calls when a map lets go of a reference.
     *
     * @param name of the function
     * @param release the kfunc that programs call instead
     * @param operations that drop last references to such objects
     */
    public record Destructor(String name, String release, List<String> operations) {
        public Destructor {
            operations = List.copyOf(operations);
        }
    }

    /** Compares a kernel with all operations, also with those that are not tried this time. */
    static Coverage of(BpfInventory kernel, Verifier verifier) throws IOException, InterruptedException {
        Set<String> words = words(OperationPair.sources());
        SortedMap<String, Integer> helpers = missing(kernel.helpers(), words);
        SortedMap<String, Integer> kfuncs = missing(kernel.kfuncs(), words);
        Set<String> refused = verifier.refused(helpers, kfuncs);
        return new Coverage(
                new Uncovered(
                        kernel.maps().stream()
                                .filter(name -> !words.contains(name))
                                .sorted()
                                .toList(),
                        allowed(helpers, refused),
                        allowed(kfuncs, refused),
                        refused.stream().sorted().toList()),
                kernel.releases().stream().map(Coverage::destructor).toList());
    }

    private static List<String> allowed(SortedMap<String, Integer> calls, Set<String> refused) {
        return calls.keySet().stream().filter(name -> !refused.contains(name)).toList();
    }

    private static Destructor destructor(String release) {
        return new Destructor(
                release + BpfInventory.DESTRUCTOR,
                release,
                Operations.named(List.of()).stream()
                        .filter(operation -> operation.dropsLastReferences()
                                && operation.kfuncs().contains(release))
                        .map(Operation::name)
                        .toList());
    }

    private static SortedMap<String, Integer> missing(SortedMap<String, Integer> calls, Set<String> words) {
        SortedMap<String, Integer> missing = new TreeMap<>(calls);
        missing.keySet().removeAll(words);
        return missing;
    }

    private static Set<String> words(String sources) {
        return WORD.matcher(COMMENT.matcher(sources).replaceAll(" "))
                .results()
                .map(MatchResult::group)
                .collect(Collectors.toSet());
    }
}
