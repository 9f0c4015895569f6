// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import io.ksplat.kernel.internal.Elf;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The C files beside the tests, and what clang makes of them. */
public final class Fixtures {
    static final Path DIRECTORY = Path.of("src/test/resources/libbpf");
    public static final Duration LIMIT = Duration.ofSeconds(60);

    private Fixtures() {}

    static Path file(String name) {
        return DIRECTORY.resolve(name);
    }

    static byte[] compiled(String name) throws IOException, InterruptedException {
        return BpfCompiler.find().compile(file(name), List.of(DIRECTORY), LIMIT);
    }

    /** The BTF of a C file that stands in for a kernel. */
    public static byte[] kernelBtf() throws IOException, InterruptedException {
        Optional<byte[]> btf = Elf.of(compiled("kernel.c")).orElseThrow().section(".BTF");
        return btf.orElseThrow();
    }
}
