// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.kernel.Cache;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheBoundTest {
    private static final Duration FOR_EVER = Duration.ofDays(10_000);
    private static final String HASH = "-0123456789abcdef";

    @TempDir
    Path root;

    private Cache cache;
    private CacheBound bound;

    @BeforeEach
    void open() {
        cache = new Cache(root);
        bound = new CacheBound(cache);
    }

    /** Not through the cache, which would use it. */
    private Path entry(String kind, String key, int days) throws IOException {
        Path folder = Files.createDirectories(root.resolve(kind).resolve(key));
        Files.write(folder.resolve("file"), new byte[1 << 20]);
        Files.createFile(root.resolve(kind).resolve(".lock-" + key));
        Files.setLastModifiedTime(folder, FileTime.from(Instant.now().minus(Duration.ofDays(days))));
        return folder;
    }

    @Test
    void whatWasUsedLeastRecentlyGoesFirst() throws Exception {
        Path a = entry("bpf", "a", 3);
        Path b = entry("anchor", "b", 2);
        Path c = entry("bpf", "c", 1);

        List<CacheBound.Item> gone = bound.prune(5 << 19, FOR_EVER);

        assertThat(gone).extracting(CacheBound.Item::key).containsExactly("a");
        assertThat(a).doesNotExist();
        assertThat(root.resolve("bpf/.lock-a")).doesNotExist();
        assertThat(root.resolve("bpf/.lock-c")).exists();
        assertThat(bound.prune(0, FOR_EVER)).extracting(CacheBound.Item::key).containsExactly("b", "c");
        assertThat(b).doesNotExist();
        assertThat(c).doesNotExist();
    }

    @Test
    void whatIsTooOldGoesThoughThereIsRoom() throws Exception {
        entry("bpf", "old", 30);
        entry("bpf", "young", 1);

        assertThat(bound.prune(1L << 40, Duration.ofDays(10)))
                .extracting(CacheBound.Item::key)
                .containsExactly("old");
    }

    @Test
    void aKernelTakesWithItWhatWasMadeOfIt() throws Exception {
        entry("debian", "7.2.13", 3);
        Path template = entry("template", "7.2.13" + HASH, 1);
        Path facts = entry("facts", "7.2.13-6b736d34", 1);
        Path modules = entry("modules-2", "7.2.13", 1);
        Path other = entry("template", "7.2.13-own" + HASH, 1);
        Path others = entry("modules-2", "7.2.13-own", 1);

        bound.prune(11 << 19, FOR_EVER);

        assertThat(root.resolve("debian/7.2.13")).doesNotExist();
        assertThat(modules).doesNotExist();
        assertThat(others).exists();
        assertThat(template).doesNotExist();
        assertThat(facts).doesNotExist();
        assertThat(other).exists();
    }

    @Test
    void aKernelOfWhichATemplateIsInUseStays() throws Exception {
        entry("debian", "7.2.13", 3);
        Path template = entry("template", "7.2.13" + HASH, 1);
        Process user = Holder.start(root, "template", "7.2.13" + HASH);
        try {
            assertThat(bound.prune(0, FOR_EVER)).isEmpty();
            assertThat(root.resolve("debian/7.2.13")).exists();
            assertThat(template).exists();
            assertThat(bound.items())
                    .filteredOn(CacheBound.Item::inUse)
                    .extracting(CacheBound.Item::kind)
                    .containsExactly("template");
        } finally {
            user.destroyForcibly().waitFor(20, TimeUnit.SECONDS);
        }
        assertThat(bound.prune(0, FOR_EVER)).hasSize(2);
    }

    @Test
    void whatThisProcessUsesStays() throws Exception {
        entry("bpf", "a", 3);
        assertThat(cache.find("bpf", "a")).isPresent();
        // An interrupted thread that uses another must not lose the first.
        Thread interrupted = new Thread(() -> {
            Thread.currentThread().interrupt();
            try {
                cache.find("bpf", "b");
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        entry("bpf", "b", 2);
        interrupted.start();
        interrupted.join(20_000);

        assertThat(bound.prune(0, FOR_EVER)).isEmpty();
    }

    @Test
    void whatScriptsOwnIsListedAndStays() throws Exception {
        Path images = entry("container", "docker", 300);

        assertThat(bound.prune(0, Duration.ZERO)).isEmpty();
        assertThat(images).exists();
        assertThat(bound.items()).singleElement().satisfies(item -> {
            assertThat(item.kind()).isEqualTo("container");
            assertThat(item.removable()).isFalse();
            assertThat(item.bytes()).isGreaterThanOrEqualTo(1 << 20);
        });
    }

    @Test
    void aHoleInAFileTakesNoSpace() throws Exception {
        Path folder = entry("template", "sparse" + HASH, 1);
        try (RandomAccessFile ram = new RandomAccessFile(folder.resolve("ram").toFile(), "rw")) {
            ram.setLength(1L << 30);
        }

        assertThat(bound.items().get(0).bytes()).isBetween(1L << 20, 3L << 20);
    }

    @Test
    void theBoundIsKeptOnlyIfSomethingWasAdded() throws Exception {
        entry("bpf", "old", 300);
        assertThat(bound.keep()).isEmpty();

        cache.<IOException>entry("bpf", "new", folder -> {});
        assertThat(bound.keep()).extracting(CacheBound.Item::key).containsExactly("old");
        assertThat(root.resolve("bpf/new")).exists();

        // Once an hour at most.
        entry("bpf", "older", 300);
        cache.<IOException>entry("bpf", "newer", folder -> {});
        assertThat(bound.keep()).isEmpty();
        Files.setLastModifiedTime(
                root.resolve(".pruned"), FileTime.from(Instant.now().minusSeconds(7200)));
        assertThat(bound.keep()).extracting(CacheBound.Item::key).containsExactly("older");
    }

    @Test
    void sizesAreRead() {
        assertThat(CacheBound.parse("500M")).contains(500L << 20);
        assertThat(CacheBound.parse("20G")).contains(20L << 30);
        assertThat(CacheBound.parse("20 GiB")).isEqualTo(Optional.empty());
        assertThat(CacheBound.parse("20GiB")).contains(20L << 30);
        assertThat(CacheBound.parse("5")).as("five bytes").isEmpty();
        assertThat(CacheBound.parse("0")).contains(0L);
        assertThat(CacheBound.parse("much")).isEmpty();
    }

    /** Another process that uses an entry. */
    static final class Holder {
        static Process start(Path root, String kind, String key) throws Exception {
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Holder.class.getName(),
                            root.toString(),
                            kind,
                            key)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            assertThat(process.inputReader().readLine()).isEqualTo("holds");
            return process;
        }

        public static void main(String[] args) throws Exception {
            var unused = new Cache(Path.of(args[0])).find(args[1], args[2]).orElseThrow();
            System.out.println("holds");
            Thread.sleep(600_000);
        }
    }
}
