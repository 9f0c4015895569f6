// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.engine.Catalogue;
import io.ksplat.engine.SelftestFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Takes all of the kernel's annotated BPF selftests at once. */
final class SelftestsMixin {
    @Option(
            names = "--selftests",
            paramLabel = "TREE",
            description = "The kernel's annotated BPF selftests, all of them: a kernel's tree, or its"
                    + " tools/testing/selftests/bpf. What differs between kernels is told at the end.")
    private @Nullable Path tree;

    boolean isGiven() {
        return tree != null;
    }

    /** Returns an entry for each annotated file; none if the option is not given. */
    List<Catalogue.Entry> entries() throws IOException {
        return tree == null
                ? List.of()
                : SelftestFile.in(tree).stream().map(SelftestFile::entry).toList();
    }
}
