// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.engine.Catalogue;
import io.ksplat.engine.internal.SourceDigest;
import io.ksplat.junit.internal.ReproducerCatalogue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Turns words of a command line into entries of the catalogue: ids, and files of any kind, with or without a case after a slash. */
final class Reproducers {
    private final Catalogue catalogue = ReproducerCatalogue.load();

    /** A file that is named twice is one. */
    private final Map<Path, List<Catalogue.Entry>> read = new HashMap<>();

    /**
     * What a word means.
     *
     * @param entries at least one
     * @param digest of a file and of what it uses of its folder; empty for what is of the catalogue
     */
    record Choice(String word, List<Catalogue.Entry> entries, Optional<String> digest) {
        Choice {
            entries = List.copyOf(entries);
        }

        /**
         * Returns the one case that is meant: the one that was named, the one without a name, or the only one.
         *
         * @throws IllegalArgumentException if there are several, with their names
         */
        Catalogue.Entry only() {
            List<Catalogue.Entry> cases =
                    entries.stream().flatMap(entry -> cases(entry).stream()).toList();
            if (cases.isEmpty()) {
                throw new IllegalArgumentException(word + " has no case that could run");
            }
            List<Catalogue.Entry> nameless = cases.stream()
                    .filter(entry -> entry.fullId().equals(entry.id()))
                    .toList();
            List<Catalogue.Entry> meant = cases.size() == 1 || nameless.isEmpty() ? cases : nameless;
            if (meant.size() > 1) {
                throw new IllegalArgumentException(word + " has " + cases.size() + " cases, and one is needed: "
                        + String.join(
                                ", ", cases.stream().map(this::wordOf).sorted().toList()));
            }
            return meant.get(0);
        }

        private String wordOf(Catalogue.Entry one) {
            String name = one.testCase().orElse("");
            if (digest.isEmpty()) {
                return one.fullId();
            }
            if (entries.size() > 1) {
                return word + "/" + one.fullId();
            }
            return name.isEmpty() ? word : word + "/" + name;
        }
    }

    /** Returns each case of an entry, as an entry. */
    static List<Catalogue.Entry> cases(Catalogue.Entry entry) {
        return entry.testCase().isEmpty() && entry.source() instanceof Catalogue.Source.TestClass test
                ? JUnitRunner.cases(test.type()).stream().map(entry::only).toList()
                : List.of(entry);
    }

    /** Returns the catalogue. */
    Catalogue catalogue() {
        return catalogue;
    }

    /**
     * Returns what a word means. A catalogue's id comes before a file of the same name: {@code ./NAME} is the file.
     *
     * @throws IllegalArgumentException in a few lines, if it means nothing: what it looks like, and what would be taken
     */
    Choice find(String word) throws IOException {
        if (isId(word)) {
            return new Choice(word, List.of(catalogue.find(word)), Optional.empty());
        }
        Path whole = path(word);
        if (Files.exists(whole)) {
            return inFile(word, whole);
        }
        for (int slash = word.lastIndexOf('/'); slash > 0; slash = word.lastIndexOf('/', slash - 1)) {
            Path file = path(word.substring(0, slash));
            if (Files.isRegularFile(file)) {
                Choice choice = inFile(word.substring(0, slash), file);
                return new Choice(word, List.of(named(choice, word.substring(slash + 1))), choice.digest());
            }
        }
        int slash = word.indexOf('/');
        if (slash > 0 && isId(word.substring(0, slash))) {
            String id = word.substring(0, slash);
            Choice family = new Choice(id, List.of(catalogue.find(id)), Optional.empty());
            return new Choice(word, List.of(named(family, word.substring(slash + 1))), Optional.empty());
        }
        if (word.matches(".*(?:/|\\.(?:java|c|sh|o|syz|py)$).*")) {
            throw new IllegalArgumentException("there is no file " + word + "; " + FileKind.ACCEPTED
                    + (word.endsWith(".java") ? "; to begin one: ksplat new NAME" : ""));
        }
        return new Choice(word, List.of(catalogue.find(word)), Optional.empty());
    }

    /**
     * Returns what words mean together.
     *
     * @throws IllegalArgumentException if two of them have runs with the same id, which would share their files
     */
    List<Choice> find(List<String> words) throws IOException {
        List<Choice> found = new ArrayList<>();
        Map<String, Choice> ofId = new HashMap<>();
        for (String word : words) {
            Choice choice = find(word);
            found.add(choice);
            for (Catalogue.Entry entry : choice.entries()) {
                Choice other = ofId.putIfAbsent(entry.id(), choice);
                if (other != null && !sameSource(other, choice)) {
                    throw new IllegalArgumentException(other.word() + " and " + word + " both have the id " + entry.id()
                            + ": their runs would share their files; rename one, or run one after the other");
                }
            }
        }
        return found;
    }

    private static boolean sameSource(Choice one, Choice other) {
        return one.digest().equals(other.digest());
    }

    private boolean isId(String word) {
        return catalogue.entries().stream().anyMatch(entry -> entry.id().equals(word));
    }

    private static Path path(String word) {
        try {
            return Path.of(word);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(
                    "\"" + word.replaceAll("\\p{Cntrl}", "?") + "\" is no name of a file", e);
        }
    }

    private Choice inFile(String word, Path file) throws IOException {
        Path real = file.toRealPath();
        List<Catalogue.Entry> entries = read.get(real);
        if (entries == null) {
            entries = entries(file);
            read.put(real, entries);
        }
        return new Choice(word, entries, Optional.of(SourceDigest.of(file, "")));
    }

    private static List<Catalogue.Entry> entries(Path file) throws IOException {
        FileKind kind = FileKind.of(file);
        return switch (kind) {
            case JAVA -> JavaSourceCatalogue.compile(file).entries();
            default -> throw new IllegalArgumentException(file + " is " + kind.words() + "; " + FileKind.ACCEPTED);
        };
    }

    /** Returns the entry of one case, by its name, or by its id if the choice has several entries. */
    private static Catalogue.Entry named(Choice choice, String name) {
        List<Catalogue.Entry> all = choice.entries().stream()
                .flatMap(entry -> cases(entry).stream())
                .toList();
        List<Catalogue.Entry> meant = all.stream()
                .filter(entry -> entry.testCase().orElse("").equals(name)
                        || entry.fullId().equals(name))
                .toList();
        if (meant.size() == 1) {
            return meant.get(0);
        }
        String names =
                String.join(", ", all.stream().map(choice::wordOf).sorted().toList());
        throw new IllegalArgumentException((meant.isEmpty() ? "there is no case " : "there are several cases ") + name
                + " of " + choice.word() + "; it has " + (names.isEmpty() ? "none" : names));
    }
}
