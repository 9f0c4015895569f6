// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names a kernel: what a user writes after {@code --kernel}.
 *
 * <pre>{@code
 * KernelSpec spec = KernelSpec.parse("debian:7.2");
 * if (spec instanceof KernelSpec.Debian debian) {
 *     System.out.println(debian.version() + ", flavour " + debian.flavour());
 * }
 * }</pre>
 */
public sealed interface KernelSpec {
    /**
     * A prebuilt kernel of Debian.
     *
     * @param version a series ({@code 7.2}, which means its newest release), an upstream version ({@code 7.2.13}) or a package version
     * @param flavour as in the names of the packages, for example {@code amd64} or {@code cloud-amd64}
     */
    record Debian(String version, String flavour) implements KernelSpec {
        /** The flavour of a spec that names none: it has virtio built in. */
        public static final String CLOUD = "cloud-amd64";

        @Override
        public String toString() {
            return "debian:" + version + (flavour.equals(CLOUD) ? "" : "/" + flavour);
        }
    }

    /** A kernel built with a profile from Debian's source package of a series or version. */
    record Source(String version, String profile) implements KernelSpec {
        @Override
        public String toString() {
            return "source:" + version + "+" + profile;
        }
    }

    /** A kernel built with a profile from a kernel tree: from a revision, or from the working tree if there is none. */
    record Tree(Path path, Optional<String> revision, String profile) implements KernelSpec {
        @Override
        public String toString() {
            return "tree:" + path + revision.map(r -> "@" + r).orElse("") + "+" + profile;
        }
    }

    /** A kernel image: a bzImage, or a vmlinux with a PVH entry. */
    record Image(Path path) implements KernelSpec {
        @Override
        public String toString() {
            return "file:" + path;
        }
    }

    /** A kernel in a package of any distribution (.deb, .rpm, or Arch's), or in a folder of the packages of one kernel. */
    record Packaged(Path path) implements KernelSpec {
        @Override
        public String toString() {
            return "package:" + path;
        }
    }

    /** The kernel that runs on a real machine, as it was booted there. */
    record Running(String machine) implements KernelSpec {
        @Override
        public String toString() {
            return "running:" + machine;
        }
    }

    /** All forms of a spec, for messages. */
    String FORMS =
            "debian:SERIES, debian:VERSION[/FLAVOUR], source:SERIES+PROFILE, tree:PATH[@REV]+PROFILE, file:PATH, "
                    + "package:PATH";

    /**
     * Parses the form that {@code toString} writes.
     *
     * @throws BadSpecException if the text has another form
     */
    static KernelSpec parse(String text) {
        int colon = text.indexOf(':');
        String rest = text.substring(colon + 1);
        if (colon < 0 || rest.isBlank()) {
            throw new BadSpecException("kernel spec '" + text + "' is none of " + FORMS);
        }
        return switch (text.substring(0, colon)) {
            case "debian" -> debian(text, rest);
            case "source" -> source(text, rest);
            case "tree" -> tree(text, rest);
            case "file" -> new Image(Path.of(rest));
            case "package" -> new Packaged(Path.of(rest));
            case "running" -> new Running(rest);
            default -> throw new BadSpecException("kernel spec '" + text + "' is none of " + FORMS);
        };
    }

    private static KernelSpec debian(String text, String rest) {
        Matcher m = Pattern.compile("(\\d[A-Za-z0-9.+~-]*)(?:/([a-z0-9-]+))?").matcher(rest);
        if (!m.matches()) {
            throw new BadSpecException("kernel spec '" + text + "': '" + rest
                    + "' is not a version; write debian:7.2, debian:7.2.13 or debian:7.2/amd64");
        }
        String flavour = m.group(2);
        return new Debian(m.group(1), flavour == null ? Debian.CLOUD : flavour);
    }

    private static KernelSpec source(String text, String rest) {
        Matcher m = Pattern.compile("(\\d+\\.\\d+[A-Za-z0-9.~-]*)\\+([a-z][a-z0-9-]*)")
                .matcher(rest);
        if (!m.matches()) {
            throw new BadSpecException(
                    "kernel spec '" + text + "' needs a series and a profile, as in source:7.3+lockdep");
        }
        return new Source(m.group(1), m.group(2));
    }

    private static KernelSpec tree(String text, String rest) {
        Matcher m = Pattern.compile("(.+?)(?:@([^@+]+))?\\+([a-z][a-z0-9-]*)").matcher(rest);
        if (!m.matches()) {
            throw new BadSpecException(
                    "kernel spec '" + text + "' needs a path and a profile, as in tree:../linux@v7.3+lockdep");
        }
        return new Tree(Path.of(m.group(1)), Optional.ofNullable(m.group(2)), m.group(3));
    }
}
