// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The scripts of docs/releasing.md. Each builds ksplat twice, from copies, so that this build is left alone. */
@Tag("long")
@Tag("network")
class ReleaseTest {
    private static final Path ROOT = Path.of("../..");
    private static final long LIMIT_MINUTES = 120;
    private static final String CLASS = "public final class Machine {\n";

    @TempDir
    Path folder;

    private record Ended(int exit, String output) {}

    private Ended run(Path home, String script, String... arguments) throws Exception {
        List<String> words = new ArrayList<>(
                List.of(home.resolve("scripts").resolve(script).toAbsolutePath().toString()));
        words.addAll(List.of(arguments));
        Path log = folder.resolve(script + ".log");
        Process process = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (!process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES)) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            throw new AssertionError(script + " did not end in " + LIMIT_MINUTES + " min: " + Files.readString(log));
        }
        return new Ended(process.exitValue(), Files.readString(log));
    }

    @Test
    void twoBuildsGiveTheSameBytesAndAllThatAReleaseHas() throws Exception {
        Path kept = folder.resolve("kept");
        Ended ended = run(ROOT, "reproducible", kept.toString());
        assertThat(ended.exit()).as(ended.output()).isZero();
        assertThat(ended.output()).contains(" artifacts, 0 differ");

        List<String> names;
        try (Stream<Path> files = Files.list(kept)) {
            names = files.map(file -> String.valueOf(file.getFileName())).toList();
        }
        List<String> jars = names.stream()
                .filter(name -> name.endsWith(".jar") && !name.matches(".*-(sources|javadoc)\\.jar"))
                // It is no part of a release.
                .filter(name -> !name.startsWith("ksplat-verify-"))
                .toList();
        assertThat(jars).hasSizeGreaterThan(10);
        for (String jar : jars) {
            String begin = jar.substring(0, jar.length() - ".jar".length());
            assertThat(names).contains(begin + "-sources.jar", begin + "-javadoc.jar", begin + "-cyclonedx.json");
            assertThat(entries(kept.resolve(begin + "-sources.jar"))).anyMatch(entry -> entry.endsWith(".java"));
            assertThat(entries(kept.resolve(begin + "-javadoc.jar"))).contains("index.html");
        }
        assertThat(names).contains("ksplat-agent", "ksplat-guard");
        JsonNode bom = new ObjectMapper()
                .readTree(kept.resolve(only(names, "ksplat-parent-.*-cyclonedx\\.json"))
                        .toFile());
        assertThat(bom.path("bomFormat").asText()).isEqualTo("CycloneDX");
        assertThat(bom.path("components").findValuesAsText("name"))
                .contains("ksplat-cli", "picocli", "jackson-databind", "jna")
                .doesNotContain("assertj-core");
    }

    private static String only(List<String> names, String pattern) {
        List<String> found =
                names.stream().filter(name -> name.matches(pattern)).toList();
        assertThat(found).as(pattern).hasSize(1);
        return found.get(0);
    }

    private static List<String> entries(Path jar) throws IOException {
        try (JarFile file = new JarFile(jar.toFile())) {
            return file.stream().map(Object::toString).toList();
        }
    }

    /** In a copy with a history of its own, whose last tag has a method of the API that its files have no more. */
    @Test
    void theComparisonNamesWhatIsGone() throws Exception {
        Path copy = folder.resolve("copy");
        Ended copied = run(ROOT, "checkout-copy", copy.toString());
        assertThat(copied.exit()).as(copied.output()).isZero();
        Path machine = copy.resolve("java-api/engine/src/main/java/io/ksplat/engine/Machine.java");
        String source = Files.readString(machine);
        assertThat(source).contains(CLASS);
        Files.writeString(
                machine,
                source.replace(
                        CLASS,
                        CLASS + "    /** Returns 0. */\n    public int goneLater() {\n        return 0;\n    }\n\n"));
        git(copy, "init", "-q");
        git(copy, "add", "-A");
        git(copy, "-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-q", "-m", "a release");

        Ended untagged = run(copy, "api-compare");
        assertThat(untagged.exit()).isEqualTo(2);
        assertThat(untagged.output()).contains("there is no tag yet");

        git(copy, "tag", "v0.0.1");
        Ended same = run(copy, "api-compare");
        assertThat(same.exit()).as(same.output()).isZero();

        Files.writeString(machine, source);
        Ended broken = run(copy, "api-compare");
        assertThat(broken.exit()).as(broken.output()).isEqualTo(1);
        assertThat(broken.output()).contains("io.ksplat.engine.Machine", "goneLater()");
    }

    private static void git(Path at, String... words) throws Exception {
        List<String> command = new ArrayList<>(List.of("git", "-C", at.toString()));
        command.addAll(List.of(words));
        Process git = new ProcessBuilder(command).inheritIO().start();
        assertThat(git.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES))
                .as("%s ended", command)
                .isTrue();
        assertThat(git.exitValue()).as("%s", command).isZero();
    }
}
