// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.bpf.BpfCompiler;
import io.ksplat.bpf.BpfObjectFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The BPF C of {@link BpfContract}, compiled once into a folder. */
final class ContractObjects {
    private static final Path SOURCES = Path.of("src/test/resources/guest");

    private ContractObjects() {}

    static void compileTo(Path folder) throws IOException, InterruptedException {
        for (String source : List.of("contract", "stream")) {
            Files.write(
                    folder.resolve(source + ".bpf.o"),
                    BpfCompiler.find()
                            .compile(
                                    SOURCES.resolve(source + ".bpf.c"),
                                    List.of(Path.of("/usr/include/x86_64-linux-gnu")),
                                    Duration.ofSeconds(60)));
        }
    }

    static BpfObjectFile in(Path folder, String source) throws IOException {
        return BpfObjectFile.read(folder.resolve(source + ".bpf.o"));
    }
}
