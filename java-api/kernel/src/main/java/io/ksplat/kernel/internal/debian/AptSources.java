// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.debian;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads the entries of apt's sources, in both formats of sources.list(5), and derives those of {@link AptRoot}. */
public final class AptSources {
    /** The keyring that Debian's installer puts there. */
    private static final String KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

    private static final Pattern RELEASES = Pattern.compile(
            "(?:old|oldold)?stable|testing|unstable|experimental|rc-buggy|sid|buster|bullseye|bookworm|trixie|forky|duke");
    private static final Pattern ONE_LINE = Pattern.compile("deb\\s+(?:\\[([^]]*)]\\s+)?(\\S+)\\s+(\\S+)\\s*(.*)");

    /**
     * The suites by code name: a mirror may serve an older state under an alias ({@code stable}). Not every mirror has every suite.
     */
    private static final List<String> SUITES = List.of(
            "bookworm",
            "bookworm-updates",
            "bookworm-backports",
            "trixie",
            "trixie-updates",
            "trixie-backports",
            "forky",
            "sid",
            "experimental");

    private static final List<String> SECURITY_SUITES = List.of("bookworm-security", "trixie-security");

    /** A source of packages: an archive, its suites, and the keyring that verifies it. */
    public record Source(String uri, List<String> suites, Optional<String> signedBy) {
        /** Returns whether it has what was mended since a release. */
        public boolean security() {
            return suites.stream().anyMatch(s -> s.endsWith("-security") || s.endsWith("/updates"));
        }

        String stanza() {
            return "Types: deb\nURIs: " + uri + "\nSuites: " + String.join(" ", suites)
                    + "\nComponents: main\nArchitectures: amd64\nTargets: Packages\n"
                    + signedBy.map(s -> "Signed-By: " + s + "\n").orElse("");
        }
    }

    private AptSources() {}

    /** Reads the Debian sources that this machine is configured for. */
    public static List<Source> ofMachine(Path etcApt) throws IOException {
        List<Path> files = new ArrayList<>();
        if (Files.isRegularFile(etcApt.resolve("sources.list"))) {
            files.add(etcApt.resolve("sources.list"));
        }
        if (Files.isDirectory(etcApt.resolve("sources.list.d"))) {
            try (Stream<Path> parts = Files.list(etcApt.resolve("sources.list.d"))) {
                parts.sorted().forEach(files::add);
            }
        }
        List<Source> sources = new ArrayList<>();
        for (Path file : files) {
            String name = file.toString();
            if (name.endsWith(".sources")) {
                sources.addAll(deb822(Files.readAllLines(file)));
            } else if (name.endsWith(".list")) {
                sources.addAll(oneLine(Files.readAllLines(file)));
            }
        }
        return sources;
    }

    /** Returns whether a suite has an archive of what was mended since its release. */
    public static boolean hasSecurity(String suite) {
        return SECURITY_SUITES.contains(suite + "-security");
    }

    /**
     * Returns all suites of the archives in {@code machine}, each archive once.
     *
     * @param missing {@code URI SUITE} of each suite that an archive does not have
     */
    static List<Source> widened(List<Source> machine, Set<String> missing) {
        Map<String, Source> byUri = new LinkedHashMap<>();
        for (Source source : machine) {
            List<String> wanted = source.security() ? SECURITY_SUITES : SUITES;
            List<String> suites = wanted.stream()
                    .filter(s -> !missing.contains(source.uri() + " " + s))
                    .toList();
            // A mirror may have none of these: then take the suites that the machine uses.
            byUri.putIfAbsent(
                    source.uri(),
                    new Source(source.uri(), suites.isEmpty() ? source.suites() : suites, source.signedBy()));
        }
        return List.copyOf(byUri.values());
    }

    static List<Source> deb822(List<String> lines) {
        List<Source> sources = new ArrayList<>();
        Map<String, String> fields = new LinkedHashMap<>();
        String last = "";
        for (String line : withEnd(lines)) {
            if (line.isBlank()) {
                stanza(fields, sources);
                fields.clear();
            } else if (line.startsWith(" ") || line.startsWith("\t")) {
                fields.merge(last, "\n" + line, String::concat);
            } else if (line.indexOf(':') > 0 && !line.startsWith("#")) {
                last = line.substring(0, line.indexOf(':')).toLowerCase(Locale.ROOT);
                fields.put(last, line.substring(line.indexOf(':') + 1).strip());
            }
        }
        return sources;
    }

    private static List<String> withEnd(List<String> lines) {
        List<String> all = new ArrayList<>(lines);
        all.add("");
        return all;
    }

    private static void stanza(Map<String, String> fields, List<Source> sources) {
        boolean off = List.of("no", "false", "0", "off")
                .contains(fields.getOrDefault("enabled", "yes").toLowerCase(Locale.ROOT));
        if (off || !words(fields.getOrDefault("types", "")).contains("deb")) {
            return;
        }
        for (String uri : words(fields.getOrDefault("uris", ""))) {
            add(sources, uri, words(fields.getOrDefault("suites", "")), Optional.ofNullable(fields.get("signed-by")));
        }
    }

    static List<Source> oneLine(List<String> lines) {
        List<Source> sources = new ArrayList<>();
        for (String line : lines) {
            Matcher m = ONE_LINE.matcher(line.replaceFirst("#.*", "").strip());
            if (!m.matches()) {
                continue;
            }
            String options = m.group(1) == null ? "" : m.group(1);
            Optional<String> signedBy = Stream.of(options.trim().split("\\s+"))
                    .filter(o -> o.startsWith("signed-by="))
                    .map(o -> o.substring("signed-by=".length()))
                    .findFirst();
            add(sources, m.group(2), List.of(m.group(3)), signedBy);
        }
        return sources;
    }

    private static void add(List<Source> sources, String uri, List<String> suites, Optional<String> signedBy) {
        List<String> debian = suites.stream().filter(AptSources::ofDebian).toList();
        if (debian.isEmpty() || uri.startsWith("cdrom:")) {
            return;
        }
        Optional<String> keys =
                signedBy.isPresent() || !Files.isReadable(Path.of(KEYRING)) ? signedBy : Optional.of(KEYRING);
        sources.add(new Source(uri.replaceFirst("/+$", ""), debian, keys));
    }

    private static boolean ofDebian(String suite) {
        return RELEASES.matcher(
                        suite.replaceFirst("(?:[-/](?:updates|security|backports|proposed-updates|sloppy))+$", ""))
                .matches();
    }

    private static List<String> words(String text) {
        Set<String> words = new LinkedHashSet<>(List.of(text.trim().split("\\s+")));
        words.remove("");
        return List.copyOf(words);
    }
}
