// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.clang;

import io.ksplat.kernel.internal.Digests;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Computes a digest of a C file and of the headers that its include lines lead to. */
public final class SourceDigest {
    private static final Pattern INCLUDE = Pattern.compile("#[ \\t]*include[ \\t]*([\"<])([^\">\\n]+)[\">]");

    private final MessageDigest digest = Digests.sha256();
    private final List<Path> includeDirs;
    private final Set<Path> seen = new HashSet<>();
    private final Deque<Path> waiting = new ArrayDeque<>();

    private SourceDigest(List<Path> includeDirs) {
        this.includeDirs = includeDirs;
    }

    /** Returns the digest of a salt, a source file and its headers, in hexadecimal. */
    public static String of(String salt, Path source, List<Path> includeDirs) throws IOException {
        SourceDigest digest = new SourceDigest(includeDirs);
        digest.part(salt.getBytes(StandardCharsets.UTF_8));
        digest.file(String.valueOf(source.getFileName()), source.toAbsolutePath());
        for (Path next = digest.waiting.poll(); next != null; next = digest.waiting.poll()) {
            digest.includes(next);
        }
        return Digests.hex(digest.digest);
    }

    private void includes(Path file) throws IOException {
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        Matcher include = INCLUDE.matcher(text);
        // vmlinux.h has megabytes and no include: a plain search is much faster than a pattern
        int at = text.indexOf("include");
        while (at >= 0) {
            int hash = text.lastIndexOf('#', at);
            if (hash >= 0 && include.region(hash, text.length()).lookingAt()) {
                String name = include.group(2);
                Optional<Path> found = resolve(file, name, include.group(1).equals("\""));
                if (found.isPresent()) {
                    file(name, found.get());
                } else {
                    part(("absent " + name).getBytes(StandardCharsets.UTF_8));
                }
            }
            at = text.indexOf("include", at + 1);
        }
    }

    private Optional<Path> resolve(Path from, String name, boolean quoted) {
        Path beside = from.resolveSibling(name);
        if (quoted && Files.isRegularFile(beside)) {
            return Optional.of(beside);
        }
        return includeDirs.stream()
                .map(directory -> directory.resolve(name).toAbsolutePath())
                .filter(Files::isRegularFile)
                .findFirst();
    }

    private void file(String name, Path file) throws IOException {
        if (seen.add(file.normalize())) {
            part(name.getBytes(StandardCharsets.UTF_8));
            part(Files.readAllBytes(file));
            waiting.add(file);
        }
    }

    /** Adds a part, with its length first, so that two different lists of parts never give the same bytes. */
    private void part(byte[] bytes) {
        digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
        digest.update(bytes);
    }
}
