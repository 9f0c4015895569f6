// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import io.ksplat.kernel.internal.Elf;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The C files of the tests, and the objects that clang compiles them to. */
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

    /** Returns the BTF of a C file that has the types of a small kernel. */
    public static byte[] kernelBtf() throws IOException, InterruptedException {
        Optional<byte[]> btf = Elf.of(compiled("kernel.c")).orElseThrow().section(".BTF");
        return btf.orElseThrow();
    }
}
