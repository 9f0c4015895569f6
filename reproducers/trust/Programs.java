// SPDX-License-Identifier: Apache-2.0
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** The C programs beside the tests, built static: the machines have no libraries. */
final class Programs {
    private static final Map<String, Path> BUILT = new ConcurrentHashMap<>();
    private static final int PATIENCE_S = 120;

    private Programs() {}

    /** Returns a program, built on the first call. */
    static Path built(String source) {
        return BUILT.computeIfAbsent(source, name -> {
            try {
                return build(name);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static Path build(String source) throws IOException {
        Path folder = Files.createTempDirectory("ksplat-trust");
        folder.toFile().deleteOnExit();
        for (String name : List.of("tasks.h", source)) {
            try (InputStream text = Programs.class.getResourceAsStream(name)) {
                if (text == null) {
                    throw new IOException("there is no " + name + " beside " + Programs.class.getName());
                }
                Files.copy(text, kept(folder.resolve(name)));
            }
        }
        Path program = kept(folder.resolve(source.replace(".c", "")));
        Process gcc = new ProcessBuilder(
                        "gcc",
                        "-static",
                        "-O1",
                        "-pthread",
                        "-D_GNU_SOURCE",
                        "-o",
                        program.toString(),
                        folder.resolve(source).toString())
                .inheritIO()
                .start();
        try {
            if (!gcc.waitFor(PATIENCE_S, TimeUnit.SECONDS) || gcc.exitValue() != 0) {
                throw new IOException("gcc cannot build " + source);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while building " + source, e);
        } finally {
            gcc.destroy();
        }
        return program;
    }

    private static Path kept(Path file) {
        file.toFile().deleteOnExit();
        return file;
    }
}
