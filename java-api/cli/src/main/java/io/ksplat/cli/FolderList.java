// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.ksplat.engine.Catalogue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The reproducers in a folder, a file each; folders in it are not looked into. */
record FolderList(List<Item> items, int others) {
    /** A folder may have any number of files. */
    private static final int MOST = 10_000;

    private static final List<FileKind> ALWAYS = List.of(FileKind.PROGRAM, FileKind.SCRIPT, FileKind.EXECUTABLE);

    FolderList {
        items = List.copyOf(items);
    }

    /**
     * A file that is a reproducer, or would be one but for an error.
     *
     * @param cases ids of its runs, as far as they are known without one
     */
    record Item(Path file, FileKind kind, List<String> cases, Optional<String> error) {
        Item {
            cases = List.copyOf(cases);
        }
    }

    /**
     * Looks at a folder.
     *
     * @throws IllegalArgumentException in one line, if it is none, or has too many files
     */
    static FolderList of(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException(
                    (Files.exists(folder) ? folder + " is no folder" : "there is no folder " + folder)
                            + "; ksplat list alone lists the catalogue");
        }
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.filter(Files::isRegularFile).limit(MOST + 1L).sorted().toList();
        }
        if (files.size() > MOST) {
            throw new IllegalArgumentException(folder + " has more than " + MOST + " files: name a folder of fewer");
        }
        Reproducers reproducers = new Reproducers();
        List<Item> items = new ArrayList<>();
        for (Path file : files) {
            item(file, reproducers).ifPresent(items::add);
        }
        return new FolderList(items, files.size() - items.size());
    }

    private static Optional<Item> item(Path file, Reproducers reproducers) throws IOException {
        FileKind kind;
        try {
            kind = FileKind.of(file);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
        if (!ALWAYS.contains(kind) && !Reproducers.claims(file, kind)) {
            return Optional.empty();
        }
        try {
            List<String> cases = new ArrayList<>();
            for (Catalogue.Entry entry :
                    reproducers.find(file.toAbsolutePath().toString()).entries()) {
                for (Catalogue.Entry each : Reproducers.cases(entry)) {
                    cases.add(each.fullId());
                }
            }
            return Optional.of(new Item(file, kind, cases, Optional.empty()));
        } catch (IllegalArgumentException e) {
            return Optional.of(new Item(file, kind, List.of(), Optional.ofNullable(e.getMessage())));
        }
    }

    /** Returns it as text. */
    String text() {
        StringBuilder text = new StringBuilder();
        for (Item item : items) {
            text.append(item.file).append("  ").append(item.kind.words()).append('\n');
            item.error.ifPresent(why ->
                    text.append("  ").append(why.lines().findFirst().orElse("")).append('\n'));
            item.cases.forEach(name -> text.append("  ").append(name).append('\n'));
        }
        return text.append(items.size())
                .append(items.size() == 1 ? " reproducer, " : " reproducers, ")
                .append(others)
                .append(others == 1 ? " other file\n" : " other files\n")
                .toString();
    }

    /** Returns it as JSON. */
    ArrayNode json() {
        ArrayNode all = new ObjectMapper().createArrayNode();
        for (Item item : items) {
            ObjectNode node = all.addObject()
                    .put("file", item.file.toString())
                    .put("kind", item.kind.name().toLowerCase(java.util.Locale.ROOT));
            ArrayNode cases = node.putArray("cases");
            item.cases.forEach(cases::add);
            item.error.ifPresent(why -> node.put("error", why));
        }
        return all;
    }
}
