// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.clang;

import io.ksplat.kernel.internal.Digests;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The files that the compiler said it has read, by their {@link Places}.
 *
 * @param names in the compiler's order
 */
public record ReadFiles(List<String> names) {
    /** A source that reads more than these includes itself. */
    private static final int MOST = 10_000;

    public ReadFiles {
        names = List.copyOf(names);
    }

    /**
     * Reads what {@code -MD} wrote: a rule for make.
     *
     * @param folder in which the compiler ran
     * @return empty if it is no rule
     */
    static Optional<ReadFiles> ofRule(String rule, Path folder, Places places) {
        int colon = rule.indexOf(": ");
        if (colon < 0) {
            return Optional.empty();
        }
        List<String> names = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        String list = rule.substring(colon + 2) + "\n";
        for (int i = 0; i < list.length() && names.size() <= MOST; i++) {
            char c = list.charAt(i);
            char next = i + 1 < list.length() ? list.charAt(i + 1) : '\n';
            // clang/lib/Frontend/DependencyFile.cpp, PrintFilename: what make would not take as it is
            if ((c == '\\' && (next == ' ' || next == '#')) || (c == '$' && next == '$')) {
                word.append(next);
                i++;
                continue;
            }
            if (c != ' ' && c != '\n' && !(c == '\\' && next == '\n')) {
                word.append(c);
                continue;
            }
            if (word.length() > 0) {
                names.add(places.named(folder.resolve(word.toString())));
                word.setLength(0);
            }
        }
        return names.isEmpty() || names.size() > MOST ? Optional.empty() : Optional.of(new ReadFiles(names));
    }

    static ReadFiles load(Path file) throws IOException {
        return new ReadFiles(Files.readAllLines(file));
    }

    void store(Path file) throws IOException {
        Files.write(file, names);
    }

    /** Returns a digest of a salt and of what the files hold now; empty if one of them is gone, or no file. */
    Optional<String> digest(String salt, Places places) throws IOException {
        MessageDigest digest = Digests.sha256();
        digest.update(salt.getBytes(StandardCharsets.UTF_8));
        for (String name : names) {
            if (Files.isDirectory(places.file(name))) {
                return Optional.empty(); // a list that was cut ends in the middle of a name
            }
            try {
                String line = "\n" + name + " " + Digests.sha256(places.file(name));
                digest.update(line.getBytes(StandardCharsets.UTF_8));
            } catch (NoSuchFileException gone) {
                return Optional.empty();
            }
        }
        return Optional.of(Digests.hex(digest));
    }

    /** Returns whether a file was written after a moment: then it is not known which of its contents was read. */
    boolean anyChangedAfter(FileTime moment, Places places) throws IOException {
        for (String name : names) {
            if (Files.getLastModifiedTime(places.file(name)).compareTo(moment) > 0) {
                return true;
            }
        }
        return false;
    }
}
