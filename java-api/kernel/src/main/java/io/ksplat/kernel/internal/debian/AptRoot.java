// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.debian;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.Command;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Runs apt with state of its own in the cache: with this machine's archives, keys and proxies, but with separate package lists. It needs
 * no root and leaves the state of the system alone. apt verifies every download, from the signature of the archive on.
 */
public final class AptRoot {
    private static final Duration UPDATE = Duration.ofMinutes(5);
    private static final Duration DOWNLOAD = Duration.ofMinutes(20);
    private static final Pattern NO_RELEASE = Pattern.compile(
            "E: The repository '(\\S+) (\\S+) Release' (?:does not have|no longer has|does no longer have) a Release file\\.");
    private static final Pattern EXPIRED =
            Pattern.compile("E: Release file for (\\S+)/dists/(\\S+)/(?:In)?Release is expired .*");
    private static final Pattern STATUS = Pattern.compile("dlstatus:\\d+:([\\d.]+):.*");

    private final Cache cache;
    private final Path folder;
    private final Path etcApt;
    private final List<String> options;

    /** @param options settings of apt.conf(5), {@code NAME=VALUE}, which override the others */
    public AptRoot(Cache cache, Path etcApt, List<String> options) {
        this.cache = cache;
        this.folder = cache.root().resolve("apt");
        this.etcApt = etcApt;
        this.options = List.copyOf(options);
    }

    /** Returns the packages as of the last update; empty if there was none. */
    public Optional<PackageIndex> index() throws IOException {
        Path file = indexFile();
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        List<PackageIndex.Deb> packages = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            String[] f = line.split("\t", -1);
            packages.add(new PackageIndex.Deb(f[0], new DebianVersion(f[1]), f[2], Long.parseLong(f[3])));
        }
        return Optional.of(new PackageIndex(packages));
    }

    /** Returns the time since the last update; empty if there was none. */
    public Optional<Duration> age() throws IOException {
        Path file = indexFile();
        return Files.exists(file)
                ? Optional.of(Duration.between(Files.getLastModifiedTime(file).toInstant(), Instant.now()))
                : Optional.empty();
    }

    private Path indexFile() {
        return folder.resolve("packages.tsv");
    }

    /** Fetches the package lists, unless they are younger than {@code enough}. */
    public PackageIndex update(Duration enough, Progress progress)
            throws IOException, InterruptedException, KernelException {
        return cache.<PackageIndex, KernelException>locked("apt", "root", () -> {
            Optional<Duration> age = age();
            if (age.isPresent() && age.get().compareTo(enough) < 0) {
                return index().orElseThrow();
            }
            List<AptSources.Source> sources = AptSources.ofMachine(etcApt);
            if (sources.isEmpty()) {
                throw new KernelException("no Debian archive is configured in " + etcApt
                        + ": debian: and source: kernels need one; file: and tree: kernels do not");
            }
            progress.report("reading the package lists of " + sources.get(0).uri());
            Set<String> missing = new HashSet<>();
            while (!updated(AptSources.widened(sources, missing), missing)) {
                progress.report("reading the package lists again, without " + String.join(", ", missing));
            }
            return read();
        });
    }

    /** Returns {@code URI SUITE} of a suite that the archive does not have, or no longer updates; empty if a line of apt tells of none. */
    static Optional<String> unusable(String line) {
        return Stream.of(NO_RELEASE, EXPIRED)
                .map(pattern -> pattern.matcher(line))
                .filter(Matcher::matches)
                .map(m -> m.group(1) + " " + m.group(2))
                .findFirst();
    }

    /** Runs apt-get update; returns false if suites cannot be used, and adds them to {@code missing}. */
    private boolean updated(List<AptSources.Source> sources, Set<String> missing)
            throws IOException, InterruptedException, KernelException {
        configure(sources);
        Command.Outcome outcome = apt(UPDATE, "apt-get", "-q", "update").run(folder);
        if (outcome.ok()) {
            return true;
        }
        int before = missing.size();
        for (String line : outcome.lines()) {
            Optional<String> suite = unusable(line);
            if (suite.isPresent()) {
                missing.add(suite.get());
            } else if (line.startsWith("E: ") || (line.startsWith("W: ") && isAboutKeys(line))) {
                throw failure(outcome);
            }
        }
        if (missing.size() == before) {
            throw failure(outcome);
        }
        return false;
    }

    private static boolean isAboutKeys(String line) {
        return line.contains("GPG error")
                || line.contains("NO_PUBKEY")
                || line.contains("not signed")
                || line.contains("signature")
                || line.contains("hash sum mismatch")
                || line.contains("Hash Sum mismatch");
    }

    /** Condenses the output of apt to one line. */
    private KernelException failure(Command.Outcome outcome) throws IOException {
        Path log = folder.resolve("apt.log");
        Files.write(log, outcome.lines());
        List<String> errors = outcome.lines().stream()
                .filter(l -> l.startsWith("E: ") || l.startsWith("W: "))
                .map(l -> l.substring(3))
                .toList();
        for (String error : errors) {
            if (isAboutKeys(error)) {
                return new KernelException("the archive's signature does not verify: " + error, log);
            }
        }
        for (String error : errors) {
            if (error.contains("No space left")) {
                return new KernelException("the disk of the cache " + cache.root() + " is full: " + error, log);
            }
            if (error.startsWith("Failed to fetch ")) {
                return new KernelException(
                        "no network: " + error.substring(16).replaceAll("\\s+", " ")
                                + " (cached kernels need none: `ksplat kernels` lists them)",
                        log);
            }
        }
        String last = errors.isEmpty() ? "exit code " + outcome.exit() : errors.get(0);
        return new KernelException("apt failed: " + last, log);
    }

    private void configure(List<AptSources.Source> sources) throws IOException {
        for (String sub : List.of("lists/partial", "cache/archives/partial")) {
            Files.createDirectories(folder.resolve(sub));
        }
        Files.writeString(folder.resolve("status"), "");
        Files.writeString(
                folder.resolve("ksplat.sources"),
                String.join(
                        "\n", sources.stream().map(AptSources.Source::stanza).toList()));
        Files.writeString(folder.resolve("apt.conf"), """
                // The hooks of this machine act on its own state, which must stay as it is.
                #clear APT::Update;
                #clear DPkg;
                Dir::State::Lists "%1$s/lists";
                Dir::State::status "%1$s/status";
                Dir::Cache "%1$s/cache";
                Dir::Cache::pkgcache "pkgcache.bin";
                Dir::Cache::srcpkgcache "";
                Dir::Etc::SourceList "%1$s/ksplat.sources";
                Dir::Etc::SourceParts "/dev/null";
                Dir::Etc::preferences "/dev/null";
                Dir::Etc::preferencesparts "/dev/null";
                APT::Architecture "amd64";
                APT::Architectures { "amd64"; };
                APT::Update::Error-Mode "any";
                // Root's apt would drop to a user who cannot write to a home folder's cache.
                APT::Sandbox::User "root";
                Acquire::Languages "none";
                Acquire::Retries "2";
                Acquire::http::Timeout "20";
                Acquire::https::Timeout "20";
                Acquire::AllowInsecureRepositories "false";
                Acquire::AllowWeakRepositories "false";
                Acquire::AllowDowngradeToInsecureRepositories "false";
                """.formatted(folder));
    }

    private Command apt(Duration deadline, String... command) {
        List<String> all = new ArrayList<>();
        all.add(command[0]);
        all.add("-c=" + folder.resolve("apt.conf"));
        for (String option : options) {
            all.add("-o" + option);
        }
        all.addAll(List.of(command).subList(1, command.length));
        return new Command(deadline, all);
    }

    private PackageIndex read() throws IOException, InterruptedException, KernelException {
        Command.Outcome lists = apt(UPDATE, "apt-get", "indextargets", "--format", "$(RELEASE)\t$(FILENAME)")
                .run(folder);
        List<PackageIndex.Deb> packages = new ArrayList<>();
        for (String line : lists.lines()) {
            String[] f = line.split("\t", -1);
            if (f.length == 2) {
                new Command(UPDATE, List.of("/usr/lib/apt/apt-helper", "cat-file", f[1]))
                        .pipe(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()), out -> {
                            try (BufferedReader in =
                                    new BufferedReader(new InputStreamReader(out, StandardCharsets.UTF_8))) {
                                packages.addAll(PackageIndex.parse(in, f[0]));
                            }
                        });
            }
        }
        if (packages.isEmpty()) {
            throw new KernelException("the archive has no kernel packages: " + String.join("; ", lists.lines()));
        }
        List<String> rows = packages.stream()
                .map(p -> String.join("\t", p.name(), p.version().text(), p.suite(), Long.toString(p.size())))
                .toList();
        Path fresh = folder.resolve("packages.new");
        Files.write(fresh, rows);
        Files.move(fresh, indexFile(), StandardCopyOption.ATOMIC_MOVE);
        return new PackageIndex(packages);
    }

    /** Downloads packages into a folder; returns the files in the order of the packages. */
    public List<Path> download(List<PackageIndex.Deb> packages, Path into, Progress progress)
            throws IOException, InterruptedException, KernelException {
        long bytes = packages.stream().mapToLong(PackageIndex.Deb::size).sum();
        String line = String.format(
                Locale.ROOT, "fetching %s (%.1f MB)", packages.get(0).pinned(), bytes / 1e6);
        progress.report(line, 0);
        List<String> command = new ArrayList<>(List.of("apt-get", "-qq", "-oAPT::Status-Fd=1", "download"));
        packages.forEach(p -> command.add(p.pinned()));
        return cache.<List<Path>, KernelException>locked("apt", "root", () -> {
            Command.Outcome outcome = apt(DOWNLOAD, command.toArray(String[]::new))
                    .run(into, Map.of(), status -> {
                        Matcher m = STATUS.matcher(status);
                        if (m.matches()) {
                            progress.report(line, Double.parseDouble(m.group(1)) / 100);
                        }
                    });
            if (!outcome.ok()) {
                throw failure(outcome);
            }
            List<Path> files = new ArrayList<>();
            for (PackageIndex.Deb p : packages) {
                try (Stream<Path> all = Files.list(into)) {
                    files.add(all.filter(f -> f.getFileName().toString().startsWith(p.name() + "_"))
                            .findFirst()
                            .orElseThrow(() ->
                                    new KernelException("apt-get succeeded, but did not download " + p.pinned())));
                }
            }
            return files;
        });
    }
}
