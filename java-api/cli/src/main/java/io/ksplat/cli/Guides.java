// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The guides in {@code docs/}, one a task. Their table of contents is {@code docs/README.md}: a guide that it does not name is none. */
final class Guides {
    /** A row of the table: a link to the guide, and what it tells. */
    private static final Pattern ROW = Pattern.compile("\\| \\[[^]]+]\\((?<name>[a-z-]+)\\.md\\) \\| (?<tells>.+) \\|");

    private static final String CONTENTS = "README.md";
    private static final String COMMENT = "<!--";

    private final List<Guide> guides;

    /**
     * A guide.
     *
     * @param name its file's, without the ending
     * @param tells what it tells, in one line
     */
    record Guide(String name, String tells, Path file) {
        /** Returns its text, without the comment about its licence. */
        String text() throws IOException {
            return Files.readString(file, StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith(COMMENT))
                    .map(line -> line + "\n")
                    .collect(Collectors.joining());
        }
    }

    private Guides(List<Guide> guides) {
        this.guides = List.copyOf(guides);
    }

    /** Returns those of this installation, whose folder the launcher names; empty if it has none. */
    static Optional<Guides> installed() throws IOException {
        Path folder = Path.of(System.getProperty("ksplat.home", ""), "docs");
        return Files.isRegularFile(folder.resolve(CONTENTS)) ? Optional.of(in(folder)) : Optional.empty();
    }

    /** Returns those of a folder. */
    static Guides in(Path folder) throws IOException {
        List<Guide> guides = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve(CONTENTS), StandardCharsets.UTF_8)) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                String name = row.group("name");
                guides.add(new Guide(name, row.group("tells"), folder.resolve(name + ".md")));
            }
        }
        return new Guides(guides);
    }

    List<Guide> all() {
        return guides;
    }

    Optional<Guide> find(String name) {
        return guides.stream().filter(guide -> guide.name().equals(name)).findFirst();
    }
}
