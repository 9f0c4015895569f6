// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the first line of a script asks for. */
final class Script {
    private static final Pattern FIRST = Pattern.compile("#![ \\t]*(?<program>\\S+)(?:[ \\t]+(?<argument>\\S+).*)?");
    private static final Pattern ENV = Pattern.compile("/(?:usr/)?bin/env");
    private static final Pattern SHELL = Pattern.compile("(?:/(?:usr/)?bin/)?(?:sh|ash)|/bin/busybox");

    private Script() {}

    /**
     * Returns the words that run it, before its own name: none if its first line names what does.
     *
     * @throws IOException in one line, if that is in no machine
     */
    static List<String> before(Path file, byte[] content) throws IOException {
        String first =
                new String(content, StandardCharsets.UTF_8).lines().findFirst().orElse("");
        Matcher line = FIRST.matcher(first);
        if (!line.matches()) {
            return List.of("/bin/sh");
        }
        boolean env = ENV.matcher(line.group("program")).matches() && line.group("argument") != null;
        String interpreter = env ? line.group("argument") : line.group("program");
        if (!SHELL.matcher(interpreter).matches()) {
            throw new IOException(file + " asks for " + interpreter
                    + ", which no machine has: write it for the shell of busybox (#!/bin/sh)");
        }
        return List.of();
    }
}
