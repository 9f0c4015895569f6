// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Names a kernel: what a user writes after {@code --kernel}. */
public sealed interface KernelSpec {
    /**
     * A distribution's prebuilt kernel.
     *
     * @param version a series ({@code 7.2}, its newest release), an upstream version ({@code 7.2.13}) or a package version
     * @param flavour as the packages call it, e.g. {@code amd64} or {@code cloud-amd64}
     */
    record Debian(String version, String flavour) implements KernelSpec {
        /** What a spec without a flavour means: the one with virtio built in. */
        public static final String CLOUD = "cloud-amd64";

        @Override
        public String toString() {
            return "debian:" + version + (flavour.equals(CLOUD) ? "" : "/" + flavour);
        }
    }

    /** Built with a profile from the distribution's source package of a series or version. */
    record Source(String version, String profile) implements KernelSpec {
        @Override
        public String toString() {
            return "source:" + version + "+" + profile;
        }
    }

    /** Built with a profile from a kernel tree: a revision of it, or without one what lies there now. */
    record Tree(Path path, Optional<String> revision, String profile) implements KernelSpec {
        @Override
        public String toString() {
            return "tree:" + path + revision.map(r -> "@" + r).orElse("") + "+" + profile;
        }
    }

    /** An image: a bzImage, or a vmlinux with a PVH entry. */
    record Image(Path path) implements KernelSpec {
        @Override
        public String toString() {
            return "file:" + path;
        }
    }

    /** The forms there are, for messages. */
    String FORMS = "debian:SERIES, debian:VERSION[/FLAVOUR], source:SERIES+PROFILE, tree:PATH[@REV]+PROFILE, file:PATH";

    /** Reads the form that {@code toString} writes. */
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
            default -> throw new BadSpecException("kernel spec '" + text + "' is none of " + FORMS);
        };
    }

    private static KernelSpec debian(String text, String rest) {
        Matcher m = Pattern.compile("(\\d[A-Za-z0-9.+~-]*)(?:/([a-z0-9-]+))?").matcher(rest);
        if (!m.matches()) {
            throw new BadSpecException("kernel spec '" + text + "': '" + rest
                    + "' is no version; write debian:7.2, debian:7.2.13 or debian:7.2/amd64");
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
