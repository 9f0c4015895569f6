// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ksplat.kernel.Cache;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands of docs/install.md, each section's in a fresh root file system, on what {@code ksplat dist} packs. */
@Tag("package")
class InstallTest {
    /** Debian's mirror, an installation and a boot under TCG, on a busy machine. */
    private static final Duration LIMIT = Duration.ofMinutes(20);

    private static final String INSTALL = "apt-get install --no-install-recommends -y ";
    private static final String JAVA = "default-jre-headless";
    /** What is safe to drop in NMI, beside what is not. */
    private static final String OPPOSITE = " nmi-cpumask-kptr";

    @TempDir
    Path folder;

    @BeforeAll
    static void pack(@TempDir Path folder) throws Exception {
        Dist.pack(folder, "tar", "deb", "run");
    }

    @BeforeEach
    void needRoot() {
        Skips.unless(
                System.getProperty("user.name").equals("root"), "only root can make root file systems to install into");
    }

    /** The commands of a section, with the version of what was packed. */
    private static List<String> section(String title) throws IOException {
        String text = Files.readString(Dist.HOME.resolve("docs/install.md"));
        String section = text.split("\n## " + title + "\n", 2)[1].split("\n## ", 2)[0];
        List<String> commands = section.lines()
                .filter(line -> line.startsWith("    "))
                .map(line -> withVersion(line.strip()))
                .toList();
        assertThat(commands).as("commands under " + title).hasSizeGreaterThan(1);
        return commands;
    }

    private static String withVersion(String command) {
        try {
            String archive = Dist.archive().getFileName().toString();
            String version = archive.substring("ksplat-".length(), archive.length() - ".tar.gz".length());
            return command.replace("ksplat_VERSION", "ksplat_" + version.replace('-', '~'))
                    .replace("VERSION", version);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path cachedKernels() throws IOException {
        return Files.createDirectories(Cache.standard().root().resolve("debian"));
    }

    /** Runs a script in a root file system: what was packed lies in its folder, and the kernels of this machine's cache in its own. */
    private HeldProcess inRoot(String suite, List<String> packages, boolean kernels, List<String> script)
            throws Exception {
        List<String> words =
                new ArrayList<>(List.of(Dist.HOME.resolve("scripts/fresh-root").toString(), suite));
        packages.forEach(some -> words.addAll(List.of("--with", some)));
        words.addAll(List.of("--volume", Dist.FOLDER + ":/dist:ro", "--volume", folder + ":/report"));
        if (kernels) {
            words.addAll(List.of("--volume", cachedKernels() + ":/root/.cache/ksplat/debian"));
        }
        List<String> lines = new ArrayList<>(List.of("set -eux", "cd /root", "ln -s /dist/* ."));
        lines.addAll(script);
        lines.add("cp ksplat-report/results.json /report/");
        words.addAll(List.of("--", "sh", "-c", String.join("\n", lines)));
        return HeldProcess.run(folder, LIMIT, words.toArray(String[]::new));
    }

    private void assertRan(HeldProcess process) throws IOException {
        assertThat(process.status()).as(process.output()).isZero();
        JsonNode runs = new ObjectMapper()
                .readTree(folder.resolve("results.json").toFile())
                .path("runs");
        assertThat(runs.findValuesAsText("verdict")).as(process.output()).containsExactly("DEADLOCK", "CLEAN");
    }

    /** From the very beginning: its kernel comes from the mirror, too. */
    @Test
    void thePackageBringsWhatItNeeds() throws Exception {
        List<String> commands = section("The package");
        HeldProcess process = inRoot(
                "bookworm",
                List.of(),
                false,
                List.of(
                        "apt-get update -q",
                        commands.get(0),
                        commands.get(1) + OPPOSITE,
                        "test -s /usr/share/man/man1/ksplat-run.1.gz",
                        "test -s /usr/share/ksplat/lib/classes.jsa",
                        "ksplat help install | grep -q 'Install ksplat'",
                        "bash -c '. /usr/share/bash-completion/completions/ksplat && complete -p ksplat'",
                        // A file is compiled: a JRE without a compiler would say so.
                        "ksplat run /usr/share/ksplat/reproducers/kptr/NmiTaskKptr.java --report file",
                        "grep -q DEADLOCK file/results.json",
                        "apt-get purge -y -q ksplat",
                        "test ! -e /usr/share/ksplat"));
        assertRan(process);
    }

    @Test
    void theArchiveRunsWhereItIsUnpacked() throws Exception {
        List<String> commands = section("The archive");
        // The same but for Java, which comes on top of the root file system that is there for the one file.
        String packages = section("One file").get(0).substring(INSTALL.length());
        assertThat(commands.get(0)).isEqualTo(INSTALL + JAVA + " " + packages);
        HeldProcess process =
                inRoot("trixie", List.of(packages, JAVA), true, List.of(commands.get(1), commands.get(2) + OPPOSITE));
        assertRan(process);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bookworm", "trixie", "forky"})
    void oneFileNeedsNoJava(String suite) throws Exception {
        List<String> commands = section("One file");
        // What the guide says of Debian 12.
        String clang = suite.equals("bookworm") ? "clang-19" : "clang";
        String packages = commands.get(0).substring(INSTALL.length()).replaceFirst("\\bclang\\b", clang);
        String ksplat = commands.get(1).split(" ")[0];
        HeldProcess process = inRoot(
                suite,
                List.of(packages),
                true,
                List.of(
                        "test -z \"$(command -v java)\"",
                        commands.get(1) + OPPOSITE,
                        // Its Java has an archive of its classes.
                        ".cache/ksplat/runtime/*/runtime/bin/java -Xshare:on -version",
                        "test -s .cache/ksplat/runtime/*/lib/classes.jsa",
                        ksplat + " run .cache/ksplat/runtime/*/reproducers/kptr/NmiTaskKptr.java --report file",
                        "grep -q DEADLOCK file/results.json"));
        assertRan(process);
    }

    private static Path oneFile() throws IOException {
        return Dist.FOLDER.resolve(
                Path.of(section("One file").get(1).split(" ")[0]).getFileName());
    }

    private HeldProcess unpacking(List<String> script) throws Exception {
        List<String> lines = new ArrayList<>(
                List.of("set -eux", "mkdir -p $XDG_CACHE_HOME/ksplat/runtime; cd $XDG_CACHE_HOME/ksplat/runtime"));
        lines.addAll(script);
        String cache = "XDG_CACHE_HOME=" + folder.resolve("cache");
        return HeldProcess.run(
                folder,
                LIMIT,
                "env",
                cache,
                "sh",
                "-c",
                String.join("\n", lines),
                oneFile().toString());
    }

    @Test
    void twoFirstStartsAtOnceUnpackOnce() throws Exception {
        HeldProcess process = unpacking(
                List.of("$0 --version & first=$!", "$0 --version", "wait $first", "test $(ls -A | wc -l) = 2"));
        assertThat(process.status()).as(process.output()).isZero();
        assertThat(process.output()).containsOnlyOnce("ksplat: unpacking to");
    }

    /** One byte less, one file less, one file more, and one that has another content but the same size. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "truncate -s -1 $home/runtime/lib/tzdb.dat",
                "rm $home/lib/jna-*.jar",
                "touch $home/more",
                "printf x | dd of=$home/ksplat bs=1 seek=9 conv=notrunc"
            })
    void whatIsNotAsItWasUnpackedIsMadeAgain(String harm) throws Exception {
        HeldProcess process = unpacking(List.of(
                "$0 --version",
                "home=$(echo [0-9a-f]*)",
                harm,
                "$0 --version 2>&1 | grep 'unpacking to'",
                "test -z \"$($0 --version 2>&1 | grep unpacking)\"",
                "test $(ls -A | wc -l) = 2"));
        assertThat(process.status()).as(process.output()).isZero();
    }

    /** What was fetched only in part is not run. */
    @Test
    void aFileThatWasCutShortIsRefused() throws Exception {
        Path part = folder.resolve("part.run");
        Files.copy(oneFile(), part);
        try (FileChannel file = FileChannel.open(part, StandardOpenOption.WRITE)) {
            file.truncate(file.size() - 1);
        }
        HeldProcess process = HeldProcess.run(
                folder, LIMIT, "env", "XDG_CACHE_HOME=" + folder.resolve("cache"), "sh", part.toString(), "--version");
        assertThat(process.status()).isEqualTo(3);
        assertThat(process.output()).contains("is damaged");
        try (Stream<Path> left = Files.list(folder.resolve("cache/ksplat/runtime"))) {
            assertThat(left.map(file -> file.getFileName().toString())).containsExactly(".lock");
        }
    }

    @Test
    void theImageHasEverything() throws Exception {
        Skips.unlessDocker();
        List<String> commands = section("The container image");
        assertThat(commands.get(0)).isEqualTo("./ksplat dist image");
        Dist.pack(folder, "image");

        List<String> words = new ArrayList<>(Arrays.asList((commands.get(1) + OPPOSITE)
                .replace("$PWD", folder.toString())
                .replace("\"", "")
                .split(" ")));
        // Without network: nothing comes from outside but the kernel of this machine's cache.
        words.addAll(2, List.of("--network", "none", "-v", cachedKernels() + ":/cache/ksplat/debian"));
        HeldProcess process = HeldProcess.run(folder, LIMIT, words.toArray(String[]::new));
        Files.copy(folder.resolve("ksplat-report/results.json"), folder.resolve("results.json"));
        assertRan(process);
    }
}
