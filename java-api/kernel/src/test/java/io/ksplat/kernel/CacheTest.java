// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheTest {
    @TempDir
    Path root;

    @Test
    void anEntryIsMadeOnceHoweverManyAskForItAtOnce() throws Exception {
        Cache cache = new Cache(root);
        AtomicInteger built = new AtomicInteger();
        List<Thread> threads = new CopyOnWriteArrayList<>();
        List<Object> answers = new CopyOnWriteArrayList<>();
        Runnable ask = () -> {
            try {
                answers.add(Files.readString(cache.<IOException>entry("kind", "key", folder -> {
                            built.incrementAndGet();
                            awaitOthers(threads);
                            Files.writeString(folder.resolve("f"), "whole");
                        })
                        .resolve("f")));
            } catch (IOException | InterruptedException | RuntimeException e) {
                answers.add(e);
            }
        };
        for (int i = 0; i < 8; i++) {
            threads.add(new Thread(ask));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join(TimeUnit.SECONDS.toMillis(30));
        }

        assertThat(answers).hasSize(8).containsOnly("whole");
        assertThat(built).hasValue(1);
    }

    /** Until each other thread waits for the entry, or is done with it. */
    private static void awaitOthers(List<Thread> threads) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (System.nanoTime() < deadline
                && threads.stream()
                        .filter(t -> t != Thread.currentThread())
                        .anyMatch(
                                t -> t.getState() != Thread.State.WAITING && t.getState() != Thread.State.TERMINATED)) {
            Thread.onSpinWait();
        }
    }

    private static String text(Path folder) throws IOException {
        String text = Files.readString(folder.resolve("f"));
        if (!text.equals("whole")) {
            throw new IOException("f has \"" + text + "\"");
        }
        return text;
    }

    @Test
    void whatCannotBeReadIsBuiltAgainOnce() throws Exception {
        Cache cache = new Cache(root);
        AtomicInteger built = new AtomicInteger();
        Cache.Builder<IOException> builder = folder -> {
            built.incrementAndGet();
            Files.writeString(folder.resolve("f"), "whole");
        };
        assertThat(cache.read("kind", "key", builder, CacheTest::text)).isEqualTo("whole");
        assertThat(cache.read("kind", "key", builder, CacheTest::text)).isEqualTo("whole");
        assertThat(built).hasValue(1);

        Files.writeString(root.resolve("kind/key/f"), "who");
        assertThat(cache.read("kind", "key", builder, CacheTest::text)).isEqualTo("whole");
        assertThat(built).hasValue(2);

        assertThatThrownBy(() -> cache.<String, IOException>read(
                        "kind",
                        "other",
                        folder -> {
                            built.incrementAndGet();
                            Files.writeString(folder.resolve("f"), "no");
                        },
                        CacheTest::text))
                .hasMessage("f has \"no\"");
        assertThat(built).hasValue(4);

        assertThatThrownBy(() -> cache.<String, IOException>read(
                        "kind",
                        "third",
                        folder -> {
                            built.incrementAndGet();
                            throw new IOException("it cannot be built");
                        },
                        CacheTest::text))
                .hasMessage("it cannot be built");
        assertThat(built).hasValue(5);
    }

    @Test
    void processesShareOneMaking() throws Exception {
        List<Process> processes = Stream.generate(() -> process(root)).limit(3).toList();
        try {
            for (Process p : processes) {
                assertThat(p.waitFor(60, TimeUnit.SECONDS)).isTrue();
                assertThat(p.exitValue()).isZero();
            }
        } finally {
            processes.forEach(Process::destroyForcibly);
        }
        assertThat(Files.readAllLines(root.resolve("made"))).hasSize(1);
    }

    private static Process process(Path root) {
        try {
            return new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Maker.class.getName(),
                            root.toString())
                    .inheritIO()
                    .start();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** What {@link #processesShareOneMaking} starts. */
    static final class Maker {
        public static void main(String[] args) throws Exception {
            Path root = Path.of(args[0]);
            new Cache(root).<IOException>entry("kind", "key", folder -> {
                Files.writeString(
                        root.resolve("made"),
                        ProcessHandle.current().pid() + "\n",
                        java.nio.file.StandardOpenOption.CREATE,
                        java.nio.file.StandardOpenOption.APPEND);
                // Long enough that the others are there before this is done.
                Thread.sleep(1000);
            });
        }
    }

    @Test
    void aMakingThatFailsLeavesNothing() throws Exception {
        Cache cache = new Cache(root);

        assertThatThrownBy(() -> cache.<KernelException>entry("kind", "key", folder -> {
                    Files.writeString(folder.resolve("half"), "");
                    throw new KernelException("no");
                }))
                .isInstanceOf(KernelException.class);

        assertThat(cache.find("kind", "key")).isEmpty();
        try (Stream<Path> left = Files.list(root.resolve("kind"))) {
            assertThat(left)
                    .extracting(p -> p.getFileName().toString())
                    .containsExactlyInAnyOrder(".lock-key", ".using");
        }
    }

    @Test
    void whatAKilledProcessLeftIsClearedAway() throws Exception {
        Files.createDirectories(root.resolve("kind/.new-key"));
        Files.writeString(root.resolve("kind/.new-key/half"), "");

        Path folder = new Cache(root)
                .<IOException>entry("kind", "key", fresh -> Files.writeString(fresh.resolve("f"), "whole"));

        assertThat(folder).isDirectoryNotContaining("glob:**half").isDirectoryContaining("glob:**f");
    }

    @Test
    void listsAndRemoves() throws Exception {
        Cache cache = new Cache(root);
        cache.<IOException>entry("kind", "b", f -> Files.writeString(f.resolve("x"), "12345"));
        cache.<IOException>entry("kind", "a", f -> {});

        assertThat(cache.entries("kind")).extracting(Cache.Entry::key).containsExactly("a", "b");
        assertThat(cache.entries("kind").get(1).bytes()).isEqualTo(5);
        assertThat(cache.remove("kind", "b")).isTrue();
        assertThat(cache.remove("kind", "b")).isFalse();
        assertThat(cache.find("kind", "b")).isEmpty();
    }

    @Test
    void noKeyLeavesTheCache() {
        for (String key : List.of("..", ".hidden", "a/b", "", "a b")) {
            assertThatThrownBy(() -> new Cache(root).find("kind", key)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
