// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.machine.internal.BpfInventory;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Set;
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
     * What no operation names. Whether a tracing program may use it, the verifier was not asked.
     *
     * @param maps types of maps
     * @param kfuncs none, too, if the kernel's BTF does not mark them
     */
    public record Uncovered(List<String> maps, List<String> helpers, List<String> kfuncs) {
        public Uncovered {
            maps = List.copyOf(maps);
            helpers = List.copyOf(helpers);
            kfuncs = List.copyOf(kfuncs);
        }
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
    static Coverage of(BpfInventory kernel) throws IOException {
        Set<String> words = words(OperationPair.sources());
        return new Coverage(
                new Uncovered(
                        missing(kernel.maps(), words),
                        missing(kernel.helpers(), words),
                        missing(kernel.kfuncs(), words)),
                kernel.releases().stream().map(Coverage::destructor).toList());
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

    private static List<String> missing(Collection<String> names, Set<String> words) {
        return names.stream().filter(name -> !words.contains(name)).sorted().toList();
    }

    private static Set<String> words(String sources) {
        return WORD.matcher(COMMENT.matcher(sources).replaceAll(" "))
                .results()
                .map(MatchResult::group)
                .collect(Collectors.toSet());
    }
}
