// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.engine.Catalogue;
import io.ksplat.engine.SelftestFile;
import io.ksplat.engine.internal.SourceDigest;
import io.ksplat.engine.internal.program.ProgramScenario;
import io.ksplat.engine.internal.program.ProgramSpec;
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
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Turns words of a command line into entries of the catalogue: ids, and files of any kind, with or without a case after a slash. */
final class Reproducers {
    /** Of bpf_misc.h, or of a file's own. */
    private static final Pattern ANNOTATION = Pattern.compile(
            "\\b__(?:success|failure|msg|not_msg|retval|description|xlated|jited|stderr|stdout|load_if_JITed)\\w*|btf_decl_tag");

    private static final Pattern TEST = Pattern.compile("@(?:[\\w.]+\\.)?(?:Reproducer|KernelTest)\\b");

    private final Catalogue catalogue = ReproducerCatalogue.load();
    private final ProgramMixin.Words programs;

    /** A file that is named twice is one. */
    private final Map<Path, List<Catalogue.Entry>> read = new HashMap<>();

    Reproducers() {
        this(ProgramMixin.Words.NONE);
    }

    /** @param programs what is said of each program */
    Reproducers(ProgramMixin.Words programs) {
        this.programs = programs;
    }

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
        Catalogue.Entry only() throws IOException {
            List<Catalogue.Entry> cases = cases(entries);
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

    /** Returns each case of an entry, as an entry; of selftests, those that the text shows. */
    static List<Catalogue.Entry> cases(Catalogue.Entry entry) throws IOException {
        if (entry.testCase().isPresent()) {
            return List.of(entry);
        }
        if (entry.source() instanceof Catalogue.Source.TestClass test) {
            return JUnitRunner.cases(test.type()).stream().map(entry::only).toList();
        }
        return entry.source() instanceof Catalogue.Source.Selftests selftests
                ? selftests.file().names().stream().map(entry::only).toList()
                : List.of(entry);
    }

    private static List<Catalogue.Entry> cases(List<Catalogue.Entry> entries) throws IOException {
        List<Catalogue.Entry> cases = new ArrayList<>();
        for (Catalogue.Entry entry : entries) {
            cases.addAll(cases(entry));
        }
        return cases;
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
            Optional<Choice> program = found.isEmpty() ? Optional.empty() : program(found.get(found.size() - 1), word);
            if (program.isPresent()) {
                found.set(found.size() - 1, program.get());
                continue;
            }
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
        checkPrograms(found);
        return found;
    }

    private void checkPrograms(List<Choice> found) {
        String given = programs.given();
        if (!given.isEmpty() && found.stream().noneMatch(Reproducers::isProgram)) {
            throw new IllegalArgumentException(given + ": said of programs, and "
                    + found.stream().map(Choice::word).collect(Collectors.joining(", ")) + " is none");
        }
        if (!programs.arguments().isEmpty() && found.size() > 1) {
            throw new IllegalArgumentException("what stands behind -- is for one program, and there are several"
                    + " reproducers: run one, or say it in a script of its own");
        }
    }

    /** Returns a program of a file of selftests whose name stands behind it: {@code FILE.c PROGRAM}. */
    private Optional<Choice> program(Choice file, String word) throws IOException {
        if (isId(word)
                || Files.exists(path(word))
                || !(file.entries().get(0).source() instanceof Catalogue.Source.Selftests selftests)
                || !selftests.file().names().contains(word.replaceFirst("@unpriv$", ""))) {
            return Optional.empty();
        }
        List<Catalogue.Entry> entries = new ArrayList<>(file.entries());
        if (entries.get(0).testCase().isEmpty()) {
            entries.clear();
        }
        entries.add(selftests.file().entry(word));
        return Optional.of(new Choice(file.word(), entries, file.digest()));
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
        // What a program is told makes it another one.
        String told = entries.get(0).source() instanceof Catalogue.Source.Direct direct
                        && direct.scenario() instanceof ProgramScenario program
                ? program.spec().toString()
                : "";
        return new Choice(word, entries, Optional.of(SourceDigest.of(file, told)));
    }

    private List<Catalogue.Entry> entries(Path file) throws IOException {
        FileKind kind = FileKind.of(file);
        return switch (kind) {
            case JAVA -> JavaSourceCatalogue.compile(file).entries();
            case BPF, OBJECT -> List.of(selftests(file, kind).entry());
            case PROGRAM -> List.of(program(file, ProgramSpec.Kind.C));
            case SCRIPT -> List.of(program(file, ProgramSpec.Kind.SCRIPT));
            case EXECUTABLE -> List.of(program(file, ProgramSpec.Kind.EXECUTABLE));
        };
    }

    private Catalogue.Entry program(Path file, ProgramSpec.Kind kind) throws IOException {
        String name = String.valueOf(file.getFileName());
        String id = name.replaceFirst("(?<=.)\\.[A-Za-z0-9]{1,4}$", "").replaceAll("[^A-Za-z0-9._-]", "-");
        ProgramSpec spec = ProgramSpec.read(file, kind, programs.arguments(), programs.options());
        return new Catalogue.Entry(
                id,
                Optional.empty(),
                "the program " + name,
                "a file of your own",
                List.of(),
                new Catalogue.Source.Direct(new ProgramScenario(id, spec)));
    }

    private static boolean isProgram(Choice choice) {
        return choice.entries().get(0).source() instanceof Catalogue.Source.Direct;
    }

    /** Returns whether a file says of itself that it is a reproducer: Java and BPF C may be parts of one. */
    static boolean claims(Path file, FileKind kind) throws IOException {
        return switch (kind) {
            case JAVA -> TEST.matcher(Files.readString(file)).find();
            case BPF -> ANNOTATION.matcher(Files.readString(file)).find();
            default -> true;
        };
    }

    private static SelftestFile selftests(Path file, FileKind kind) throws IOException {
        if (!claims(file, kind)) {
            throw new IllegalArgumentException(file
                    + " is BPF C without the selftests' annotations: give a program __success or __failure, or begin"
                    + " a Java class that leads it somewhere: ksplat new");
        }
        return new SelftestFile(file);
    }

    /** Returns the entry of one case, by its name, or by its id if the choice has several entries. */
    private static Catalogue.Entry named(Choice choice, String name) throws IOException {
        List<Catalogue.Entry> all = cases(choice.entries());
        List<Catalogue.Entry> meant = all.stream()
                .filter(entry -> entry.testCase().orElse("").equals(name)
                        || entry.fullId().equals(name))
                .toList();
        if (meant.size() == 1) {
            return meant.get(0);
        }
        if (choice.entries().get(0).source() instanceof Catalogue.Source.Selftests) {
            // Those that macros make, and those without privileges, are known when it is compiled.
            return choice.entries().get(0).only(name);
        }
        String names =
                String.join(", ", all.stream().map(choice::wordOf).sorted().toList());
        throw new IllegalArgumentException((meant.isEmpty() ? "there is no case " : "there are several cases ") + name
                + " of " + choice.word() + "; it has " + (names.isEmpty() ? "none" : names));
    }
}
