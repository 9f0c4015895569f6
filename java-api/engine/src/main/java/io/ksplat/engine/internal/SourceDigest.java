// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.kernel.internal.Digests;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * A digest of a reproducer's file and of what it uses of its own folder: what it includes or names in a string, and the Java classes that
 * it names, and so on. A file too many costs a repetition, one too few a wrong answer.
 */
public final class SourceDigest {
    /** More than any reproducer has, and few enough to read. */
    private static final int MOST_FILES = 1000;

    private static final long MOST_BYTES = 4 * 1024 * 1024;
    private static final Pattern QUOTED = Pattern.compile("\"([^\"\n]{1,200})\"|\\b([A-Z]\\w*)\\b");

    private SourceDigest() {}

    /**
     * Returns the digest, in hexadecimal digits.
     *
     * @param more what makes another one of the same files
     */
    public static String of(Path file, String more) throws IOException {
        Deque<Path> open = new ArrayDeque<>();
        SortedMap<Path, byte[]> read = new TreeMap<>();
        open.add(file.toAbsolutePath().normalize());
        while (!open.isEmpty() && read.size() < MOST_FILES) {
            Path next = open.remove();
            if (read.containsKey(next)) {
                continue;
            }
            byte[] bytes = Files.readAllBytes(next);
            read.put(next, bytes);
            if (bytes.length <= MOST_BYTES) {
                open.addAll(named(next, new String(bytes, StandardCharsets.UTF_8)));
            }
        }
        MessageDigest digest = Digests.sha256();
        digest.update(more.getBytes(StandardCharsets.UTF_8));
        Path folder = file.toAbsolutePath().normalize().resolveSibling("");
        read.forEach((path, bytes) -> {
            digest.update((folder.relativize(path) + "\0" + bytes.length + "\0").getBytes(StandardCharsets.UTF_8));
            digest.update(bytes);
        });
        return Digests.hex(digest);
    }

    private static Set<Path> named(Path file, String text) {
        Set<Path> found = new TreeSet<>();
        for (MatchResult each : (Iterable<MatchResult>) QUOTED.matcher(text).results()::iterator) {
            String name = each.group(1) == null ? each.group(2) + ".java" : each.group(1);
            if (name.indexOf('\0') < 0 && !name.startsWith("/")) {
                Path beside = file.resolveSibling(name).normalize();
                if (Files.isRegularFile(beside)) {
                    found.add(beside);
                }
            }
        }
        return found;
    }
}
