// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.bpf.internal.libbpf.KernelBtf;
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
    /** Nothing in particular. */
    public static final KernelNeeds NONE = new KernelNeeds(List.of(), List.of(), List.of());

    public KernelNeeds {
        kfuncs = List.copyOf(kfuncs);
        functions = List.copyOf(functions);
        bootParameters = List.copyOf(bootParameters);
    }

    /** Returns the first of its needs that a kernel lacks, in words. */
    Optional<String> lackingIn(KernelBtf btf) {
        return Stream.concat(lacking("kfunc", kfuncs, btf::hasKfunc), lacking("function", functions, btf::hasFunction))
                .findFirst();
    }

    private static Stream<String> lacking(String what, List<String> needed, Predicate<String> has) {
        return needed.stream()
                .filter(names -> either(names).noneMatch(has))
                .map(names -> what + " " + either(names).collect(Collectors.joining(" or ")));
    }

    /** Returns the macros that tell a source which of several this kernel has: {@code HAS_bpf_new}. */
    List<String> macros(KernelBtf btf) {
        return Stream.concat(choices(kfuncs, btf::hasKfunc), choices(functions, btf::hasFunction))
                .map(name -> "HAS_" + name)
                .toList();
    }

    private static Stream<String> choices(List<String> needed, Predicate<String> has) {
        return needed.stream()
                .filter(names -> names.contains("|"))
                .flatMap(KernelNeeds::either)
                .filter(has);
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
