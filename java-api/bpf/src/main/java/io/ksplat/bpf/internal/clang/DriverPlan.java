// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.clang;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What clang's driver says that it would do (option {@code -###}): its version and the whole command of the compiler proper, with what
 * the environment, a configuration file or a wrapper has added.
 */
public record DriverPlan(String text) {
    private static final Pattern WORD = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");

    /** clang/include/clang/Driver/Options.td: where headers are searched. */
    private static final Set<String> SEARCH = Set.of(
            "-I", "-iquote", "-isystem", "-idirafter", "-c-isystem", "-internal-isystem", "-internal-externc-isystem");

    private static final int MOST = 64;

    /** Returns the folders in which headers are searched, in the order of the command. */
    public List<Path> searched() {
        List<Path> folders = new ArrayList<>();
        text.lines().filter(line -> line.contains("\"-cc1\"")).forEach(line -> {
            Matcher word = WORD.matcher(line);
            boolean folder = false;
            while (word.find() && folders.size() < MOST) {
                String value = word.group(1).replaceAll("\\\\(.)", "$1");
                if (folder) {
                    add(folders, value);
                } else if (value.startsWith("-I") && value.length() > 2) {
                    add(folders, value.substring(2));
                }
                folder = !folder && SEARCH.contains(value);
            }
        });
        return folders;
    }

    private static void add(List<Path> folders, String name) {
        try {
            folders.add(Path.of(name));
        } catch (InvalidPathException e) {
            // No folder of this system: no header lies in it.
            return;
        }
    }
}
