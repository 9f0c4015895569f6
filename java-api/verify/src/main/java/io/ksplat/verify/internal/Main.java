// SPDX-License-Identifier: Apache-2.0
package io.ksplat.verify.internal;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Called by scripts/verify when ksplat is built: its arguments, and {@code ksplat.home} as a system property. */
public final class Main {
    private static final int FAILED = 1;
    private static final int USAGE = 2;

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        Options options;
        try {
            options = Options.parse(List.of(arguments));
        } catch (IllegalArgumentException e) {
            System.err.println("ksplat: " + e.getMessage());
            System.exit(USAGE);
            return;
        }
        Terminal terminal = new Terminal(System.out, Boolean.getBoolean("ksplat.terminal"));
        boolean strict =
                !Optional.ofNullable(System.getenv("KSPLAT_CI")).orElse("").isEmpty();
        Path home = Path.of(System.getProperty("ksplat.home"));
        boolean well = new Verify(home, options, terminal, cache(), strict).run();
        System.exit(well ? 0 : FAILED);
    }

    /** As the XDG base directory specification says: a path that is not absolute is ignored. */
    private static Path cache() {
        return Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
                .map(Path::of)
                .filter(Path::isAbsolute)
                .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache"))
                .resolve("ksplat");
    }
}
