// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;

/**
 * A library that stands between a program and its C library: ksplat's JVM, QEMU, and what else is not static. It and the test share
 * a page.
 *
 * @param library what LD_PRELOAD names
 * @param file what it finds the page by
 * @param page the numbers in it
 */
record Preload(Path library, Path file, LongBuffer page) {
    private static final int PAGE_BYTES = 4096;
    private static final Duration COMPILE = Duration.ofMinutes(2);

    /** Compiles one of the test's resources. */
    static Preload compile(Path folder, String name) throws Exception {
        Path source = folder.resolve(name + ".c");
        try (InputStream text = Preload.class.getResourceAsStream(name + ".c")) {
            assertThat(text).as(name).isNotNull();
            Files.copy(text, source);
        }
        Path library = folder.resolve(name + ".so");
        HeldProcess compiled = HeldProcess.run(
                folder,
                COMPILE,
                "gcc",
                "-O2",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-shared",
                "-fPIC",
                "-o",
                library.toString(),
                source.toString());
        assertThat(compiled.status()).as(compiled.output()).isZero();
        Path file = Files.write(folder.resolve(name + ".page"), new byte[PAGE_BYTES]);
        return new Preload(library, file, map(file));
    }

    /**
     * Returns what has a process, and what it starts, load the library.
     *
     * @param page the library's variable that names the page
     */
    Map<String, String> environment(String page) {
        return Map.of(
                "LD_PRELOAD", library.toString(), "KSPLAT_QEMU_FILES", library + ":" + file, page, file.toString());
    }

    private static LongBuffer map(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return channel.map(FileChannel.MapMode.READ_WRITE, 0, PAGE_BYTES)
                    .order(ByteOrder.nativeOrder())
                    .asLongBuffer();
        }
    }
}
