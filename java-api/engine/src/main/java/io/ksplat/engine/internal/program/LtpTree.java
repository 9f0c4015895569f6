// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The tree of LTP that a test lies in: its headers, and the library that its {@code main} calls. */
final class LtpTree {
    private static final String HEADER = "include/tst_test.h";
    private static final String LIBRARY = "lib/libltp.a";

    private LtpTree() {}

    /**
     * Returns what gcc has to be told for a test; nothing if it lies in no tree.
     *
     * @throws IOException in one line, if the tree is not built
     */
    static List<String> flags(Path test) throws IOException {
        for (Path folder = test.toAbsolutePath().getParent(); folder != null; folder = folder.getParent()) {
            if (Files.isRegularFile(folder.resolve(HEADER))) {
                Path library = folder.resolve(LIBRARY);
                if (!Files.isRegularFile(library)) {
                    throw new IOException(test + " is a test of LTP, and its tree has no " + LIBRARY
                            + " yet: build it (cd " + folder + " && make autotools && ./configure && make -C lib)");
                }
                return List.of("-I" + folder.resolve("include"), library.toString(), "-pthread", "-lrt");
            }
        }
        return List.of();
    }
}
