// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code ksplat cache} does. */
class CacheCommandTest {
    @TempDir
    Path folder;

    private Path entry(String kind, String key, int bytes, Duration unused) throws IOException {
        return Caches.entry(folder.resolve("cache"), kind, key, bytes, unused);
    }

    private Ksplat cache(String... arguments) throws Exception {
        return Ksplat.run(
                folder, Map.of("XDG_CACHE_HOME", folder.resolve("cache").toString()), arguments);
    }

    @Test
    void listsWhatItTakesOfTheDisk() throws Exception {
        entry("debian", "7.2.13", 3 << 20, Duration.ofDays(1));
        entry("docker", "images", 2 << 20, Duration.ofDays(1));
        entry("bpf", "0123", 1000, Duration.ofDays(1));

        Ksplat text = cache("cache", "list");
        assertThat(text.exit()).as(text.err()).isZero();
        assertThat(text.out())
                .containsPattern("debian +7\\.2\\.13 +3\\.\\d MB +used \\d{4}-\\d\\d-\\d\\d")
                .containsPattern("docker +\\(not ksplat's to remove\\) +2\\.\\d MB")
                .containsPattern("bpf +1 of less than 1 MB");

        JsonNode json =
                new ObjectMapper().readTree(cache("cache", "list", "--json").out());
        assertThat(json.path("limitBytes").asLong()).isEqualTo(20L << 30);
        JsonNode largest = json.path("entries").get(0);
        assertThat(largest.path("kind").asText()).isEqualTo("debian");
        assertThat(largest.path("key").asText()).isEqualTo("7.2.13");
        assertThat(largest.path("bytes").asLong()).isBetween(3L << 20, 4L << 20);
        assertThat(largest.path("removable").asBoolean()).isTrue();
        assertThat(largest.path("inUse").asBoolean()).isFalse();
        assertThat(json.path("entries").get(1).path("removable").asBoolean()).isFalse();
    }

    @Test
    void prunesWhatWasUsedLeastRecently() throws Exception {
        Path oldest = entry("debian", "6.1", 3 << 20, Duration.ofDays(30));
        Path older = entry("built", "7.3", 3 << 20, Duration.ofDays(20));
        Path young = entry("debian", "7.2", 3 << 20, Duration.ofDays(1));

        Ksplat ksplat = cache("cache", "prune", "--max-size", "7M");

        assertThat(ksplat.exit()).as(ksplat.err()).isZero();
        assertThat(ksplat.out()).contains("removed debian 6.1 (3.").doesNotContain("7.3");
        assertThat(oldest).doesNotExist();
        assertThat(older).exists();
        cache("cache", "prune", "--older", "10");
        assertThat(older).doesNotExist();
        assertThat(young).exists();
    }

    @Test
    void badWordsAreUsageErrors() throws Exception {
        assertThat(cache("cache", "prune", "--max-size", "much").exit()).isEqualTo(2);
        Ksplat nothing = cache("cache");
        assertThat(nothing.exit()).isEqualTo(2);
        assertThat(nothing.err()).contains("ksplat cache list");
    }

    @Test
    @Tag("machine")
    @Tag("network")
    @Tag("full")
    void whatARunningKsplatUsesStays() throws Exception {
        Path home = folder.resolve("cache");
        Map<String, String> environment = Map.of("XDG_CACHE_HOME", home.toString());
        Ksplat shown =
                Ksplat.run(folder.resolve("first"), environment, "run", "nmi-task-kptr", "--kernel", "file:" + image());
        assertThat(shown.exit()).as(shown.err()).isZero();
        Ksplat running = Ksplat.start(
                folder.resolve("running"), environment, "run", "acceptance-endless", "--kernel", "file:" + image());
        running.awaitProgress("acceptance-endless: running");

        Ksplat pruned = Ksplat.run(folder.resolve("pruned"), environment, "cache", "prune", "--max-size", "0");

        assertThat(pruned.exit()).as(pruned.err()).isZero();
        assertThat(keys(home, "image")).hasSize(1);
        assertThat(keys(home, "template")).hasSize(1);
        running.handle().destroyForcibly();
        running.exit();
        Ksplat.run(folder.resolve("again"), environment, "cache", "prune", "--max-size", "0");
        assertThat(keys(home, "image")).isEmpty();
        assertThat(keys(home, "template")).isEmpty();
    }

    private static Path image() throws Exception {
        return new io.ksplat.kernel.Kernels(io.ksplat.kernel.Cache.standard())
                .resolve(io.ksplat.kernel.KernelSpec.parse("debian:7.2"), io.ksplat.kernel.Progress.NONE)
                .image();
    }

    private static java.util.List<String> keys(Path home, String kind) throws IOException {
        return new io.ksplat.kernel.Cache(home.resolve("ksplat")).keys(kind);
    }
}
