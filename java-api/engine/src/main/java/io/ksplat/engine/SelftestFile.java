// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.engine.internal.TrialScenario;
import io.ksplat.engine.internal.selftest.Selftests;
import io.ksplat.kernel.Cache;
import io.ksplat.machine.internal.KernelInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A file of BPF C with the annotations of the kernel's selftests, or its object: each annotated program is a case, and one more if it is
 * tested without privileges, too. Its cases are known once it is compiled for a kernel.
 *
 * <pre>{@code
 * SelftestFile file = new SelftestFile(Path.of("tools/testing/selftests/bpf/progs/verifier_and.c"));
 * Catalogue.Entry all = file.entry();
 * Catalogue.Entry one = file.entry("invalid_range_check");
 * }</pre>
 *
 * @param path of the file; the headers of the tree that it lies in are used
 */
public record SelftestFile(Path path) {
    /**
     * Returns the annotated files of a kernel's tree, or of the folder of its selftests, by their names.
     *
     * @throws IOException in one line, if it has none
     */
    public static List<SelftestFile> in(Path tree) throws IOException {
        return Selftests.annotated(tree).stream().map(SelftestFile::new).toList();
    }

    /** Returns its id: the name of the file, without endings. */
    public String id() {
        return String.valueOf(path.getFileName()).replaceFirst("(\\.bpf)?\\.[co]$", "");
    }

    /** Returns the entry of all its cases. */
    public Catalogue.Entry entry() {
        return entry(Optional.empty());
    }

    /** Returns the entry of one case: the name of the program, with {@code @unpriv} for that without privileges. */
    public Catalogue.Entry entry(String testCase) {
        return entry(Optional.of(testCase));
    }

    private Catalogue.Entry entry(Optional<String> testCase) {
        return new Catalogue.Entry(
                id(),
                testCase,
                "the annotated programs of " + path.getFileName(),
                "the kernel's BPF selftests",
                List.of(),
                new Catalogue.Source.Selftests(this));
    }

    /**
     * Returns the names of its cases as far as its text shows them, without a kernel: those that macros make are missing.
     *
     * @throws IOException if the file cannot be read
     */
    public List<String> names() throws IOException {
        return Selftests.names(path);
    }

    /** Returns its cases on a kernel. */
    List<TrialScenario> cases(KernelInfo kernel, Cache cache) throws InterruptedException {
        return Selftests.cases(id(), path, kernel, cache);
    }
}
