// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.rootfs;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a root file system is made of. */
public sealed interface RootSpec {
    /** A Debian of a suite, with packages beside the few that it always has. */
    record Debian(String suite, List<String> packages) implements RootSpec {
        public Debian {
            packages = List.copyOf(packages);
        }

        @Override
        public String toString() {
            return "debian:" + suite + packages.stream().map(name -> "+" + name).reduce("", String::concat);
        }
    }

    /** A folder, a tar archive or an image. */
    record Here(Path path) implements RootSpec {
        @Override
        public String toString() {
            return path.toString();
        }
    }

    /** The suite that has a system for kernels of any age. */
    String SUITE = "trixie";

    Pattern DEBIAN = Pattern.compile("debian(?::(?<suite>[a-z][a-z0-9-]*))?(?<packages>(?:\\+[a-z][a-z0-9.+-]*)?)");

    /** Returns what a text names: {@code debian[:SUITE][+PACKAGE...]}, else a path. */
    static RootSpec parse(String text) {
        if (text.isBlank()) {
            throw new IllegalArgumentException("root is debian[:SUITE][+PACKAGE...] or a path, and not empty");
        }
        Matcher debian = DEBIAN.matcher(text);
        if (!debian.matches()) {
            return new Here(Path.of(text));
        }
        List<String> packages = Arrays.stream(debian.group("packages").split("\\+(?=[a-z])", -1))
                .filter(name -> !name.isEmpty())
                .sorted()
                .distinct()
                .toList();
        return new Debian(debian.group("suite") == null ? SUITE : debian.group("suite"), packages);
    }
}
