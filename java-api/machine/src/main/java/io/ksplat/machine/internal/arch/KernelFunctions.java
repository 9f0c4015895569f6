// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The kernel functions that forensics knows by name, with their roles. The table is {@code functions.txt}, beside this class. */
public final class KernelFunctions {
    private static final String TABLE = "functions.txt";
    private static final int COLUMNS = 6;
    private static final String ANY = "-";
    private static final String REST = "*";

    private final Map<String, Set<Role>> whole = new HashMap<>();
    private final Map<String, Set<Role>> prefixes = new TreeMap<>();

    private KernelFunctions() {}

    /** Reads the rows of the table that hold for one architecture. */
    static KernelFunctions read(String arch) {
        try (InputStream in = KernelFunctions.class.getResourceAsStream(TABLE)) {
            if (in == null) {
                throw new IllegalStateException(TABLE + " is not on the class path beside "
                        + KernelFunctions.class.getName() + ": rebuild the module");
            }
            return parse(
                    new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))
                            .lines()
                            .toList(),
                    arch);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + TABLE + ": " + e.getMessage(), e);
        }
    }

    /** @throws IllegalStateException if a row is malformed, naming its line */
    static KernelFunctions parse(List<String> lines, String arch) {
        KernelFunctions functions = new KernelFunctions();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            String[] row = line.split("\\s+", -1);
            if (row.length != COLUMNS) {
                throw malformed(i, "it has " + row.length + " columns instead of " + COLUMNS);
            }
            if (row[4].equals(ANY) || row[4].equals(arch)) {
                functions.add(i, row[0], row[1]);
            }
        }
        return functions;
    }

    private void add(int line, String function, String roles) {
        Set<Role> all = EnumSet.noneOf(Role.class);
        for (String role : roles.split(",", -1)) {
            all.add(Role.spelled(role).orElseThrow(() -> malformed(line, "there is no role " + role)));
        }
        boolean prefix = function.endsWith(REST);
        Set<Role> known = prefix
                ? prefixes.put(function.substring(0, function.length() - REST.length()), all)
                : whole.put(function, all);
        if (known != null) {
            throw malformed(line, function + " has a row already");
        }
    }

    private static IllegalStateException malformed(int line, String why) {
        return new IllegalStateException(TABLE + ", line " + (line + 1) + ": " + why);
    }

    /** Returns whether a function has a role. Its name is compared as it is: remove {@code .part.0} and its like first. */
    public boolean is(String function, Role role) {
        return whole.getOrDefault(function, Set.of()).contains(role)
                || prefixes.entrySet().stream()
                        .anyMatch(row -> row.getValue().contains(role) && function.startsWith(row.getKey()));
    }
}
