// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Scores the parser on public consoles whose authors say what is in them (Apache-2.0, google/syzkaller): header lines up to the first empty one, then the log,
 * then perhaps {@code REPORT:}; a file that begins with an empty line holds no report. They are not part of the project: the test is skipped without them.
 * Where they are says {@code -Dksplat.corpus=DIR} or {@code KSPLAT_CORPUS}; by default {@code shared/corpus/console} beside the checkout.
 */
class CorpusTest {
    /** Types that are about locks, stalls and hangs. */
    private static final Set<String> LOCKS_AND_HANGS = Set.of("LOCKDEP", "HANG", "ATOMIC_SLEEP");

    private record Entry(
            String name,
            String title,
            List<String> alternatives,
            String type,
            boolean corrupted,
            List<Evidence> found) {
        boolean isSilent() {
            return title.isEmpty();
        }

        boolean isDetected() {
            return !found.isEmpty();
        }

        boolean isTypeRight() {
            return isDetected() && found.get(0).type().equals(type);
        }

        boolean namesFunction() {
            return !corrupted && function(title).isPresent();
        }

        boolean isFunctionRight() {
            Optional<String> named = isDetected() ? found.get(0).function() : Optional.empty();
            return named.isPresent()
                    && Stream.concat(Stream.of(title), alternatives.stream())
                            .map(Entry::function)
                            .anyMatch(named::equals);
        }

        private static Optional<String> function(String title) {
            int in = title.lastIndexOf(" in ");
            return in < 0
                    ? Optional.empty()
                    : Optional.of(title.substring(in + 4).split(" ", 2)[0]);
        }

        @Override
        public String toString() {
            return name + ": " + title + " | "
                    + (isDetected()
                            ? found.get(0).title() + " | " + found.get(0).type()
                            : "nothing");
        }
    }

    @Test
    void thePublicCorpusIsUnderstood() throws IOException {
        Path folder = folder();
        assumeTrue(
                Files.isDirectory(folder),
                "no corpus in " + folder + ": set KSPLAT_CORPUS to a folder of consoles with headers");
        List<Entry> all = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                all.add(read(file));
            }
        }
        List<Entry> reports = all.stream().filter(entry -> !entry.isSilent()).toList();
        List<Entry> silent = all.stream().filter(Entry::isSilent).toList();
        List<Entry> hangs = reports.stream()
                .filter(entry -> LOCKS_AND_HANGS.contains(entry.type()))
                .toList();
        List<Entry> named = reports.stream().filter(Entry::namesFunction).toList();
        print("detected", score(reports, Entry::isDetected));
        print("locks, stalls and hangs detected", score(hangs, Entry::isDetected));
        print("silent ones left alone", score(silent, entry -> !entry.isDetected()));
        print("type right", score(reports, Entry::isTypeRight));
        print("function right", score(named, Entry::isFunctionRight));

        assertThat(hangs)
                .filteredOn(entry -> !entry.isDetected())
                .as("locks, stalls and hangs missed")
                .isEmpty();
        assertThat(silent).filteredOn(Entry::isDetected).as("false alarms").isEmpty();
        assertThat(share(reports, Entry::isDetected)).as("detected").isGreaterThan(0.985);
        assertThat(share(reports, Entry::isTypeRight))
                .as(() -> "type right, but for " + but(reports, Entry::isTypeRight))
                .isGreaterThan(0.98);
        assertThat(share(named, Entry::isFunctionRight))
                .as(() -> "function right, but for " + but(named, Entry::isFunctionRight))
                .isGreaterThan(0.93);
    }

    private static Path folder() {
        String given = System.getProperty("ksplat.corpus", System.getenv().getOrDefault("KSPLAT_CORPUS", ""));
        return given.isEmpty()
                ? Path.of("../../../shared/corpus/console").toAbsolutePath().normalize()
                : Path.of(given);
    }

    private static Entry read(Path file) throws IOException {
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
        byte[] bytes = Logs.bytes(report < 0 ? log : log.substring(0, report + 1));
        return new Entry(
                file.getFileName().toString(), title, alternatives, type, corrupted, ConsoleParser.parse(bytes));
    }

    private static void print(String what, String score) {
        System.out.println("corpus: " + what + ": " + score);
    }

    private static double share(List<Entry> entries, Predicate<Entry> right) {
        return entries.stream().filter(right).count() / (double) entries.size();
    }

    private static String score(List<Entry> entries, Predicate<Entry> right) {
        return entries.stream().filter(right).count() + " of " + entries.size();
    }

    private static String but(List<Entry> entries, Predicate<Entry> right) {
        return entries.stream()
                .filter(right.negate())
                .map(Entry::toString)
                .toList()
                .toString();
    }
}
