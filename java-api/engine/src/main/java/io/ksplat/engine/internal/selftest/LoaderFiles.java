// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Which files of a tree test_loader is given: a program of theirs without an annotation must load. */
final class LoaderFiles {
    private static final String TESTS = "prog_tests";

    /** {@code RUN_TESTS(name)}, {@code RUN(name)} of prog_tests/verifier.c, and what that has written out. */
    private static final Pattern GIVEN =
            Pattern.compile("\\bRUN\\w{0,40}\\(\\s{0,9}(\\w{1,200})|\\b(\\w{1,200})__elf_bytes\\b");

    /** A tree has hundreds of files to look through, and does not change while it is tried. */
    private static final Map<Path, Set<String>> READ = new HashMap<>();

    private LoaderFiles() {}

    /** Returns whether a file is given to it; also true where nothing tells, because its tree has no tests in C. */
    static boolean has(Path source) throws IOException {
        Path tests = SelftestCompiler.selftests(source)
                .map(folder -> folder.resolve(TESTS))
                .filter(Files::isDirectory)
                .orElse(source);
        if (tests.equals(source)) {
            return true;
        }
        return given(tests).contains(String.valueOf(source.getFileName()).replaceFirst("\\.c$", ""));
    }

    private static synchronized Set<String> given(Path tests) throws IOException {
        Set<String> known = READ.get(tests);
        if (known == null) {
            known = new TreeSet<>();
            try (Stream<Path> files = Files.list(tests)) {
                for (Path file :
                        files.filter(one -> one.toString().endsWith(".c")).toList()) {
                    Matcher given = GIVEN.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
                    while (given.find()) {
                        known.add(given.group(1) == null ? given.group(2) : given.group(1));
                    }
                }
            }
            READ.put(tests, known);
        }
        return known;
    }
}
