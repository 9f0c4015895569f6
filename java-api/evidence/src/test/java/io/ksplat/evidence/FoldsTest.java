// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Scores the parser on consoles whose names steered nothing: for each fifth of the {@link Corpus}, what the list of helpers has for it alone is left
 * out of the list.
 */
class FoldsTest {
    private static final String LIST = "io/ksplat/evidence/internal/console/helper-functions.txt";

    private static final int FOLDS = 5;

    private static final Pattern NAME = Pattern.compile("[A-Za-z_][\\w.]{2,}(?=\\+0x| \\()");

    @TempDir
    Path folder;

    @Test
    void namesOfTheSampleSteerNothing() throws Exception {
        List<Corpus.Log> logs = new ArrayList<>(Corpus.logs().stream()
                .filter(log -> !log.isSilent() && !log.corrupted())
                .filter(log -> Corpus.Log.function(log.title()).isPresent())
                .toList());
        Collections.shuffle(logs, new Random(19));
        List<String> list = list();
        List<Set<String>> names = new ArrayList<>();
        for (int fold = 0; fold < FOLDS; fold++) {
            names.add(new HashSet<>());
        }
        for (int i = 0; i < logs.size(); i++) {
            Matcher name = NAME.matcher(new String(logs.get(i).text(), StandardCharsets.ISO_8859_1));
            while (name.find()) {
                names.get(i % FOLDS).add(name.group().replaceFirst("^_+", ""));
            }
        }
        int right = 0;
        for (int fold = 0; fold < FOLDS; fold++) {
            Set<String> others = new HashSet<>();
            for (int other = 0; other < FOLDS; other++) {
                if (other != fold) {
                    others.addAll(names.get(other));
                }
            }
            List<String> kept = list.stream()
                    .filter(entry -> entry.startsWith("#") || entry.isEmpty() || isIn(entry, others))
                    .toList();
            int hits = 0;
            int all = 0;
            try (URLClassLoader loader = with(kept, fold)) {
                Method parse = loader.loadClass(ConsoleParser.class.getName()).getMethod("parse", byte[].class);
                for (int i = fold; i < logs.size(); i += FOLDS) {
                    Corpus.Log log = logs.get(i);
                    List<?> found = (List<?>) Objects.requireNonNull(parse.invoke(null, (Object) log.text()));
                    Optional<?> named = found.isEmpty()
                            ? Optional.empty()
                            : (Optional<?>) found.get(0)
                                    .getClass()
                                    .getMethod("function")
                                    .invoke(found.get(0));
                    boolean isRight = named.filter(log.functions()::contains).isPresent();
                    hits += isRight ? 1 : 0;
                    all++;
                }
            }
            right += hits;
            System.out.println("fold " + (fold + 1) + ": " + hits + " of " + all + ", with " + (kept.size()) + " of "
                    + list.size() + " lines of the list");
        }
        System.out.println("folds: " + right + " of " + logs.size());
        assertThat(right / (double) logs.size()).as("functions right").isGreaterThan(0.9);
    }

    private static boolean isIn(String entry, Set<String> names) {
        return entry.startsWith("=")
                ? names.contains(entry.substring(1))
                : names.stream().anyMatch(name -> name.startsWith(entry));
    }

    private static List<String> list() throws IOException {
        try (var in =
                Objects.requireNonNull(ConsoleParser.class.getClassLoader().getResourceAsStream(LIST))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }

    /** Returns the parser's classes once more, with another list. */
    private URLClassLoader with(List<String> kept, int fold) throws Exception {
        Path root = folder.resolve(String.valueOf(fold));
        Path file = root.resolve(LIST);
        Files.createDirectories(Objects.requireNonNull(file.getParent()));
        Files.write(file, kept);
        String name = ConsoleParser.class.getName().replace('.', '/') + ".class";
        String where = Objects.requireNonNull(
                        ConsoleParser.class.getClassLoader().getResource(name))
                .toString();
        URL classes = new URL(where.substring(0, where.length() - name.length()));
        return new URLClassLoader(new URL[] {root.toUri().toURL(), classes}, ClassLoader.getPlatformClassLoader());
    }
}
