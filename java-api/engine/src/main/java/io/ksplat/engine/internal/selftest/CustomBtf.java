// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import io.ksplat.bpf.BpfCompileException;
import io.ksplat.kernel.Cache;
import io.ksplat.machine.internal.KernelInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The objects that {@code __btf_path} names: the Makefile of the selftests makes each of the C file of its name. */
final class CustomBtf {
    private static final String SUFFIX = ".bpf.o";

    private final Optional<Path> source;
    private final KernelInfo kernel;
    private final Cache cache;

    /** @param source that names them; empty if it came as an object */
    CustomBtf(Optional<Path> source, KernelInfo kernel, Cache cache) {
        this.source = source;
        this.kernel = kernel;
        this.cache = cache;
    }

    /**
     * Compiles one, or finds it beside the file that names it.
     *
     * @throws IOException in one line, if there is none
     */
    byte[] of(String name) throws IOException, InterruptedException {
        if (source.isEmpty() || !name.endsWith(SUFFIX) || name.contains("/")) {
            throw new SelftestException(
                    "__btf_path(\"" + name + "\") needs the C of this object, and of the one that it names");
        }
        Path c = source.get().resolveSibling(name.replace(SUFFIX, ".c"));
        if (!Files.isRegularFile(c)) {
            throw new SelftestException("__btf_path(\"" + name + "\") needs " + c + ", which is not there");
        }
        try {
            return SelftestCompiler.compile(c, kernel, cache);
        } catch (BpfCompileException e) {
            throw new SelftestException(e);
        }
    }
}
