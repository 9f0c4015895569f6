// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** Reads the consoles of the tests. */
final class Logs {
    private Logs() {}

    static List<Path> golden() {
        return in("golden", ".log");
    }

    static List<Path> silent() {
        return in("silent", ".log");
    }

    static List<Path> texts(String folder) {
        return in(folder, ".txt");
    }

    static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new IllegalStateException("reading " + file + ": " + e.getMessage(), e);
        }
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Returns the only evidence in a text. */
    static Evidence only(String text) {
        List<Evidence> found = ConsoleParser.parse(bytes(text));
        if (found.size() != 1) {
            throw new AssertionError("expected one piece of evidence, found " + titles(found));
        }
        return found.get(0);
    }

    static List<String> titles(List<Evidence> found) {
        return found.stream().map(Evidence::title).toList();
    }

    /** Returns the evidence in a text that arrives in pieces of the given sizes, repeated to its end. */
    static List<Evidence> inPieces(byte[] text, List<Integer> sizes) {
        List<Evidence> found = new ArrayList<>();
        try (ConsoleParser parser = new ConsoleParser(found::add)) {
            int from = 0;
            for (int i = 0; from < text.length; i++) {
                int length = Math.min(sizes.get(i % sizes.size()), text.length - from);
                parser.feed(text, from, length);
                from += length;
            }
        }
        return found;
    }

    private static List<Path> in(String folder, String ending) {
        try {
            URL url = Objects.requireNonNull(
                    Logs.class.getResource("/" + folder), folder + " is not on the test class path");
            try (Stream<Path> files = Files.list(Path.of(url.toURI()))) {
                return files.filter(file -> file.toString().endsWith(ending))
                        .sorted()
                        .toList();
            }
        } catch (IOException | URISyntaxException e) {
            throw new IllegalStateException("listing " + folder + ": " + e.getMessage(), e);
        }
    }
}
