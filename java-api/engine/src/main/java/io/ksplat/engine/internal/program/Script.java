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

    /** Returns the program that its first line asks for, and whether it is to be looked for on the path. */
    static Interpreter interpreter(byte[] content) {
        Matcher line = FIRST.matcher(
                new String(content, StandardCharsets.UTF_8).lines().findFirst().orElse(""));
        if (!line.matches()) {
            return new Interpreter("/bin/sh", false);
        }
        boolean env = ENV.matcher(line.group("program")).matches() && line.group("argument") != null;
        return env ? new Interpreter(line.group("argument"), true) : new Interpreter(line.group("program"), false);
    }

    /** The program that runs a script. */
    record Interpreter(String program, boolean onPath) {}

    /** Returns the words that run it in a root file system, before its own name: none if its first line names what does. */
    static List<String> inRoot(byte[] content) {
        return content.length > 1 && content[0] == '#' && content[1] == '!' ? List.of() : List.of("/bin/sh");
    }

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
        String interpreter = interpreter(content).program();
        if (!SHELL.matcher(interpreter).matches()) {
            throw new IOException(file + " asks for " + interpreter
                    + ", which no machine has by itself: write it for the shell of busybox (#!/bin/sh), or name a root file"
                    + " system (root=debian)");
        }
        return List.of();
    }
}
