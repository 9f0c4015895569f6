// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.rootfs;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.Command;
import io.ksplat.kernel.internal.debian.AptSources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Makes root file systems of Debian with mmdebstrap, from the archives that this machine's apt is configured for. */
final class DebianRoot {
    /** Changes with what is made, so that older ones are not taken for it. */
    static final String RECIPE = "1: minbase, iproute2, kmod, procps; no documentation";

    private static final Duration LIMIT = Duration.ofHours(2);
    private static final List<String> ALWAYS = List.of("iproute2", "kmod", "procps");

    /** What mmdebstrap does, in its own words: "I: installing essential packages...". */
    private static final Pattern STEP = Pattern.compile("I: (?<step>[a-z].*?)\\.*");

    private static final Pattern ERROR = Pattern.compile("\\s*E: (?<error>.*)");
    private static final List<String> CONSEQUENCES =
            List.of("mmdebstrap failed", "apt-get", "setup failed", "main() received");

    private final Cache cache;

    DebianRoot(Cache cache) {
        this.cache = cache;
    }

    /**
     * Makes one, as a tar archive.
     *
     * @throws KernelException in one line, if mmdebstrap or apt fails
     */
    void make(RootSpec.Debian spec, String key, Path tar, Progress progress)
            throws IOException, InterruptedException, KernelException {
        progress.step("root");
        progress.report("making a root file system, " + spec);
        List<String> packages =
                Stream.concat(ALWAYS.stream(), spec.packages().stream()).toList();
        List<String> command = new ArrayList<>(List.of(
                "mmdebstrap",
                "--variant=minbase",
                "--format=tar",
                "--include=" + String.join(",", packages),
                "--aptopt=APT::Install-Recommends \"false\"",
                "--dpkgopt=path-exclude=/usr/share/doc/*",
                "--dpkgopt=path-exclude=/usr/share/man/*",
                "--dpkgopt=path-exclude=/usr/share/locale/*"));
        for (String proxy : proxies()) {
            command.add("--aptopt=" + proxy);
        }
        command.add(spec.suite());
        command.add(tar.toString());
        command.addAll(archives(spec.suite()));
        Command.Outcome outcome = new Command(LIMIT, command).run(tar.resolveSibling(""), Map.of(), line -> {
            Matcher step = STEP.matcher(line);
            if (step.matches()) {
                progress.report("making a root file system, " + spec + ": " + step.group("step"));
            }
        });
        if (!outcome.ok()) {
            Path log = Files.createDirectories(cache.root().resolve("roots")).resolve(key + ".log");
            Files.write(log, outcome.lines());
            throw new KernelException("it cannot be made: " + why(outcome), log);
        }
    }

    private static String why(Command.Outcome outcome) {
        return outcome.lines().stream()
                .map(ERROR::matcher)
                .filter(Matcher::matches)
                .map(error -> error.group("error"))
                .filter(error -> CONSEQUENCES.stream().noneMatch(error::startsWith))
                .findFirst()
                .orElse("mmdebstrap exited with " + outcome.exit());
    }

    /** mmdebstrap does not read this machine's configuration of apt. */
    private static List<String> proxies() throws IOException, InterruptedException, KernelException {
        return new Command(LIMIT, List.of("apt-config", "dump"))
                .run(Path.of("/")).lines().stream()
                        .filter(line -> line.matches("Acquire::https?::[Pp]roxy.*\".+\";"))
                        .map(line -> line.replaceFirst(";$", ""))
                        .toList();
    }

    private static List<String> archives(String suite) throws IOException, KernelException {
        List<AptSources.Source> machine = AptSources.ofMachine(Path.of("/etc/apt"));
        List<String> lines = new ArrayList<>();
        for (AptSources.Source source : machine) {
            String signed =
                    source.signedBy().map(keys -> "[signed-by=" + keys + "] ").orElse("");
            String line =
                    "deb " + signed + source.uri() + " " + (source.security() ? suite + "-security" : suite) + " main";
            boolean offered = !source.security() || AptSources.hasSecurity(suite);
            if (offered && !lines.contains(line)) {
                lines.add(line);
            }
        }
        if (lines.isEmpty()) {
            throw new KernelException(
                    "no Debian archive is configured in /etc/apt: name a folder, an archive or an image");
        }
        return lines;
    }
}
