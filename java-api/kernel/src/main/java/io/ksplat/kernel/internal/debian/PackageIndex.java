// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.debian;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The packages of kernels in an archive, from all its suites, and that of a shell for them. */
public record PackageIndex(List<Deb> packages) {
    private static final Pattern KERNEL =
            Pattern.compile("linux-(?:image|binary)-(?:unsigned-)?(\\d.*?)-((?:[a-z]+-)?amd64)(?:-unsigned)?");
    private static final Pattern WANTED =
            Pattern.compile("linux-(?:image|binary|base|modules|source)-(?:unsigned-)?\\d.*|" + Busybox.PACKAGE);

    /** A smaller package has no image in it: it only depends on others that do. */
    static final long SMALLEST_IMAGE = 1 << 20;

    /** A package; the size is that of the download, in bytes. */
    public record Deb(String name, DebianVersion version, String suite, long size) {
        /** Names the package and its version for apt-get. */
        public String pinned() {
            return name + "=" + version;
        }
    }

    /**
     * A prebuilt kernel.
     *
     * @param image the package with the image
     * @param base the package with the configuration, if the first one has none
     */
    public record Prebuilt(String release, String flavour, Deb image, Optional<Deb> base) {
        public DebianVersion version() {
            return image.version();
        }
    }

    /** Parses the kernel packages in the package list of a suite. */
    static List<Deb> parse(BufferedReader list, String suite) throws IOException {
        List<Deb> found = new ArrayList<>();
        String name = "";
        String version = "";
        long size = 0;
        for (String line = list.readLine(); line != null; line = list.readLine()) {
            if (line.isEmpty()) {
                name = "";
            } else if (line.startsWith("Package: ")) {
                name = line.substring(9);
                if (!WANTED.matcher(name).matches() || name.endsWith("-dbg")) {
                    name = "";
                }
                version = "";
                size = 0;
            } else if (!name.isEmpty()) {
                if (line.startsWith("Version: ")) {
                    version = line.substring(9);
                } else if (line.startsWith("Size: ")) {
                    size = Long.parseLong(line.substring(6).strip());
                }
                if (!version.isEmpty() && size > 0) {
                    found.add(new Deb(name, new DebianVersion(version), suite, size));
                    name = "";
                }
            }
        }
        return found;
    }

    /** Returns all kernels of a flavour, the newest first. */
    public List<Prebuilt> prebuilt(String flavour) {
        Map<String, Deb> byPin = new LinkedHashMap<>();
        packages.forEach(p -> byPin.putIfAbsent(p.pinned(), p));
        Map<String, Prebuilt> kernels = new LinkedHashMap<>();
        packages.stream()
                .filter(p -> p.size() >= SMALLEST_IMAGE)
                // Users boot the signed one, so it wins; if there is none, take the unsigned one.
                .sorted(Comparator.comparing((Deb p) -> p.name().contains("unsigned")))
                .forEach(p -> {
                    Matcher m = KERNEL.matcher(p.name());
                    if (m.matches() && m.group(2).equals(flavour)) {
                        String release = m.group(1) + "-" + flavour;
                        Deb base = byPin.get("linux-base-" + release + "=" + p.version());
                        kernels.putIfAbsent(
                                release + "=" + p.version(),
                                new Prebuilt(release, flavour, p, Optional.ofNullable(base)));
                    }
                });
        return kernels.values().stream()
                .sorted(Comparator.comparing(Prebuilt::version).reversed())
                .toList();
    }

    /** Returns the newest kernel of a flavour whose version matches. */
    Optional<Prebuilt> newest(String asked, String flavour) {
        return prebuilt(flavour).stream()
                .filter(k -> k.version().satisfies(asked))
                .findFirst();
    }

    /** Returns the newest source package of a series or version. */
    public Optional<Deb> newestSource(String asked) {
        return sources().stream().filter(p -> p.version().satisfies(asked)).findFirst();
    }

    /** Returns a version of a package. */
    Optional<Deb> named(String name, DebianVersion version) {
        return packages.stream()
                .filter(p -> p.name().equals(name) && p.version().equals(version))
                .findFirst();
    }

    /** Returns the newest package of a name. */
    Optional<Deb> newestNamed(String name) {
        return packages.stream().filter(p -> p.name().equals(name)).max(Comparator.comparing(Deb::version));
    }

    /** Returns all source packages, the newest first. */
    public List<Deb> sources() {
        return packages.stream()
                .filter(p -> p.name().matches("linux-source-\\d.*"))
                .sorted(Comparator.comparing(Deb::version).reversed())
                .toList();
    }

    /** Describes the versions that exist, for the message about one that does not: all series, and all releases of the series asked for. */
    public String describe(String asked, List<DebianVersion> versions) {
        String series = series(asked);
        Set<String> near = new LinkedHashSet<>();
        Set<String> all = new LinkedHashSet<>();
        for (DebianVersion v : versions) {
            all.add(series(v.upstream()));
            if (series(v.upstream()).equals(series)) {
                near.add(v.upstream());
            }
        }
        return (near.isEmpty() ? "" : "there are " + String.join(", ", near) + " of that series; ") + "the series are "
                + String.join(", ", all);
    }

    private static String series(String upstream) {
        Matcher m = Pattern.compile("(\\d+\\.\\d+).*").matcher(upstream);
        return m.matches() ? m.group(1) : upstream;
    }
}
