// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import io.ksplat.machine.internal.Processes;
import java.util.Map;
import java.util.Optional;

/**
 * Whose process a program is in the machine.
 *
 * @param home where it lies and begins
 */
record Account(String name, Optional<Processes.User> user, String home) {
    private static final Map<String, Integer> KNOWN = Map.of("root", 0, "nobody", 65534);
    private static final Account ROOT = new Account("root", Optional.empty(), "/root");

    /**
     * Returns the account of a name or a number; empty: root's.
     *
     * @throws IllegalArgumentException in one line, if no machine has it
     */
    static Account of(Optional<String> named) {
        if (named.isEmpty()) {
            return ROOT;
        }
        String name = named.get();
        int id = name.matches("[0-9]+") ? Integer.parseInt(name) : KNOWN.getOrDefault(name, -1);
        if (id < 0) {
            throw new IllegalArgumentException("machines have no user " + name + ": name root, nobody or a number");
        }
        return id == 0 ? ROOT : new Account(name, Optional.of(new Processes.User(id, id)), "/home");
    }

    boolean isRoot() {
        return user.isEmpty();
    }
}
