// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/** Functions that any code may call, so that a title should name their caller. They are listed in {@code helper-functions.txt}, beside this class. */
final class HelperFunctions {
    private static final String LIST = "helper-functions.txt";
    private static final Set<String> WHOLE = new HashSet<>();
    private static final Set<String> PREFIXES = new HashSet<>();

    static {
        try (InputStream in = HelperFunctions.class.getResourceAsStream(LIST)) {
            if (in == null) {
                throw new IllegalStateException(LIST + " is not on the class path beside "
                        + HelperFunctions.class.getName() + ": rebuild the module");
            }
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))
                    .lines()
                    .forEach(HelperFunctions::read);
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + LIST + ": " + e.getMessage(), e);
        }
    }

    private HelperFunctions() {}

    private static void read(String line) {
        if (line.startsWith("=")) {
            WHOLE.add(line.substring(1));
        } else if (!line.isEmpty() && !line.startsWith("#")) {
            PREFIXES.add(line);
        }
    }

    static boolean is(String function) {
        String plain = Names.plain(function);
        int start = 0;
        while (start < plain.length() && plain.charAt(start) == '_') {
            start++;
        }
        String name = plain.substring(start);
        if (WHOLE.contains(name)) {
            return true;
        }
        for (int length = name.length(); length > 1; length--) {
            if (PREFIXES.contains(name.substring(0, length))) {
                return true;
            }
        }
        return false;
    }
}
