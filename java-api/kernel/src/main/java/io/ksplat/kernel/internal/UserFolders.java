// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal;

import java.nio.file.Path;
import java.util.Map;

/** Finds the user's folders for ksplat, by the XDG base directory specification. */
public enum UserFolders {
    /** What can be made again. */
    CACHE("XDG_CACHE_HOME", ".cache"),
    /** What the user has written. */
    CONFIG("XDG_CONFIG_HOME", ".config"),
    /** What must outlive a run, and belongs to this machine. */
    STATE("XDG_STATE_HOME", ".local/state");

    private final String variable;
    private final String standard;

    UserFolders(String variable, String standard) {
        this.variable = variable;
        this.standard = standard;
    }

    /** Returns the folder, which may not be there. */
    public Path ksplat() {
        return in(System.getenv(), Path.of(System.getProperty("user.home")));
    }

    Path in(Map<String, String> environment, Path home) {
        String set = environment.getOrDefault(variable, "");
        // The specification: ignore a path that is not absolute.
        return (set.startsWith("/") ? Path.of(set) : home.resolve(standard)).resolve("ksplat");
    }
}
