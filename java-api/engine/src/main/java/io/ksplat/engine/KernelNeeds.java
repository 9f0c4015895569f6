// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.bpf.KernelLacksException;
import io.ksplat.bpf.internal.libbpf.KernelBtf;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Symbols;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a scenario needs of a kernel; on a kernel without it the verdict is UNSUPPORTED.
 *
 * @param kfuncs kernel functions that its programs call; of two that are joined, {@code "bpf_new|bpf_old"}, either will do
 * @param functions functions that its programs attach to; of several that are joined, as for {@code kfuncs}
 * @param bootParameters of the kernel's command line
 */
public record KernelNeeds(List<String> kfuncs, List<String> functions, List<String> bootParameters) {
    private static final int NEAR = 5;

    /** Nothing in particular. */
    public static final KernelNeeds NONE = new KernelNeeds(List.of(), List.of(), List.of());

    public KernelNeeds {
        kfuncs = List.copyOf(kfuncs);
        functions = List.copyOf(functions);
        bootParameters = List.copyOf(bootParameters);
    }

    /**
     * Returns the first of its needs that a kernel lacks, in words, with the names that are near.
     *
     * @param symbols of the kernel: a kprobe takes functions that BTF does not have, such as those that the compiler made
     */
    Optional<String> lackingIn(KernelBtf btf, Symbols symbols) {
        return Stream.concat(
                        lacking("kfunc", kfuncs, btf::hasKfunc, symbols),
                        lacking("function", functions, name -> hasFunction(btf, symbols, name), symbols))
                .findFirst();
    }

    private static boolean hasFunction(KernelBtf btf, Symbols symbols, String name) {
        return btf.hasFunction(name) || symbols.named(name).stream().anyMatch(Symbol::isText);
    }

    /** Returns the first kfunc that an object cannot do without and a kernel lacks, in words. */
    static Optional<String> lackingFor(BpfObjectFile file, KernelBtf btf, Symbols symbols) {
        return file.requiredKfuncs().stream()
                // The ending tells two prototypes of one kfunc apart (libbpf, bpf_core_essential_name_len()).
                .map(name -> name.replaceFirst("___.*", ""))
                .filter(name -> !btf.hasKfunc(name) && symbols.named(name).isEmpty())
                .findFirst()
                .map(name -> "kfunc " + name);
    }

    /** Returns what a kernel lacks with the names that are near, if it is something that has a symbol. */
    static String described(KernelLacksException e, Symbols symbols) {
        String[] words = e.lacks().split(" ", 3);
        // Whoever knows where it comes from has said so.
        boolean named = words.length == 2 && (words[0].equals("function") || words[0].equals("kfunc"));
        return named ? e.lacks() + near(words[1], symbols) : e.lacks();
    }

    /** Returns the names of a kernel that are like one that it lacks, as a remark; empty if there are none. */
    private static String near(String name, Symbols symbols) {
        List<String> near = symbols.near(name, NEAR);
        return near.isEmpty() ? "" : " (near: " + String.join(", ", near) + ")";
    }

    private static Stream<String> lacking(String what, List<String> needed, Predicate<String> has, Symbols symbols) {
        return needed.stream()
                .filter(names -> either(names).noneMatch(has))
                .map(names -> what + " "
                        + either(names).map(name -> name + near(name, symbols)).collect(Collectors.joining(" or ")));
    }

    /** Returns the macros that tell a source which of several this kernel has: {@code HAS_bpf_new}. */
    List<String> macros(KernelBtf btf, Symbols symbols) {
        return Stream.concat(
                        choices(kfuncs, btf::hasKfunc, btf::hasKfunc),
                        // What fentry can take goes first.
                        choices(functions, btf::hasFunction, name -> hasFunction(btf, symbols, name)))
                .map(name -> "HAS_" + name)
                .toList();
    }

    private static Stream<String> choices(List<String> needed, Predicate<String> best, Predicate<String> enough) {
        return needed.stream()
                .filter(names -> names.contains("|"))
                .flatMap(names -> either(names).filter(either(names).anyMatch(best) ? best : enough));
    }

    /**
     * Checks an object before any machine starts.
     *
     * @throws IOException if it calls kernel functions that this does not name, for an older kernel would then be an error; or if it has
     *     no program
     */
    void check(BpfSource source, BpfObjectFile file) throws IOException {
        TreeSet<String> undeclared = new TreeSet<>(file.requiredKfuncs());
        kfuncs.stream().flatMap(KernelNeeds::either).forEach(undeclared::remove);
        if (!undeclared.isEmpty()) {
            throw new IOException(source.name() + " calls " + String.join(", ", undeclared)
                    + ": name them in @Needs(kfuncs) of "
                    + source.owner().getSimpleName());
        }
        if (file.programs().isEmpty()) {
            throw new IOException(source.name() + " has no program: give one a SEC(\"...\")");
        }
    }

    private static Stream<String> either(String names) {
        return Arrays.stream(names.split("\\|", -1));
    }
}
