// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Reads public consoles with known content (google/syzkaller, Apache-2.0). A file has header lines up to the first empty line, then the
 * log, then perhaps {@code REPORT:}; a file that begins with an empty line has no report in it. The files are not part of this project;
 * tests that need them are skipped without them. {@code -Dksplat.corpus=DIR} or {@code KSPLAT_CORPUS} names their folder, by default
 * {@code shared/corpus/console} beside the checkout.
 */
public final class Corpus {
    private Corpus() {}

    /**
     * A console.
     *
     * @param title empty if there is no report
     * @param alternatives other correct titles
     */
    public record Log(
            String name, String title, List<String> alternatives, String type, boolean corrupted, byte[] text) {
        public boolean isSilent() {
            return title.isEmpty();
        }

        /** Returns the functions in the titles. */
        public List<String> functions() {
            return Stream.concat(Stream.of(title), alternatives.stream())
                    .flatMap(one -> function(one).stream())
                    .toList();
        }

        public static Optional<String> function(String title) {
            int in = title.lastIndexOf(" in ");
            return in < 0
                    ? Optional.empty()
                    : Optional.of(title.substring(in + 4).split(" ", 2)[0]);
        }
    }

    /** Returns all consoles; skips the test if there are none. */
    public static List<Log> logs() throws IOException {
        Path folder = folder();
        assumeTrue(
                Files.isDirectory(folder),
                "no corpus in " + folder + ": set KSPLAT_CORPUS to a folder of consoles with headers");
        List<Log> all = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                all.add(read(file));
            }
        }
        return all;
    }

    private static Path folder() {
        String given = System.getProperty("ksplat.corpus", System.getenv().getOrDefault("KSPLAT_CORPUS", ""));
        return given.isEmpty()
                ? Path.of("../../../shared/corpus/console").toAbsolutePath().normalize()
                : Path.of(given);
    }

    private static Log read(Path file) throws IOException {
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        int end = text.startsWith("\n") ? 0 : text.indexOf("\n\n") + 1;
        String log = text.substring(end + 1);
        int report = log.indexOf("\nREPORT:");
        String title = "";
        String type = "UNKNOWN";
        boolean corrupted = false;
        List<String> alternatives = new ArrayList<>();
        for (String line : text.substring(0, end).split("\n", -1)) {
            title = line.startsWith("TITLE: ") ? line.substring(7) : title;
            type = line.startsWith("TYPE: ") ? line.substring(6) : type;
            corrupted |= line.equals("CORRUPTED: Y");
            if (line.startsWith("ALT: ")) {
                alternatives.add(line.substring(5));
            }
        }
        return new Log(
                file.getFileName().toString(),
                title,
                alternatives,
                type,
                corrupted,
                Logs.bytes(report < 0 ? log : log.substring(0, report + 1)));
    }
}
