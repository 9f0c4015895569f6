// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A cache that others use, empty and damage: what is missing or cut is made again. */
@Tag("full")
@Tag("machine")
@Tag("network")
class SharedCacheTest {
    private static final String SAFE = "nmi-cpumask-kptr";

    /** What a run reads of its cache, but for what apt and a build put there. */
    private static final List<String> KINDS =
            List.of("accelerator", "bpf", "facts", "initramfs", "native", "orc", "package", "qemu", "template");

    @TempDir
    Path folder;

    private Ksplat start(Path cache, String name, String... words) throws IOException {
        return Ksplat.start(
                Files.createDirectory(folder.resolve(name)), Map.of("XDG_CACHE_HOME", cache.toString()), words);
    }

    @Test
    void twoBeginWithNothingWhileAThirdOneRemovesWhatIsUnused() throws Exception {
        // Empty: nothing of the user's cache may be removed.
        Path cache = Files.createDirectory(folder.resolve("cache"));
        Ksplat one = start(cache, "one", "run", SAFE);
        Ksplat other = start(cache, "other", "run", SAFE, "nmi-task-kptr");
        int removed = 0;
        while (one.handle().isAlive() || other.handle().isAlive()) {
            Ksplat prune = start(cache, "prune-" + removed++, "cache", "prune", "--max-size", "1M");
            assertThat(prune.exit()).as(prune.out() + prune.err()).isZero();
        }

        assertThat(removed).isPositive();
        for (Ksplat each : List.of(one, other)) {
            String said = each.out() + each.err();
            assertThat(each.exit()).as(said).isZero();
            assertThat(each.outcome(SAFE)).as(said).isEqualTo("CLEAN");
            each.assertNothingLeft();
        }
        assertThat(other.outcome("nmi-task-kptr")).as(other.out()).isEqualTo("DEADLOCK");
    }

    @Test
    void whatIsDamagedIsMadeAgain() throws Exception {
        Path cache = Caches.without(folder, KINDS);
        Ksplat first = start(cache, "first", "run", SAFE);
        assertThat(first.exit()).as(first.out() + first.err()).isZero();
        List<String> sandboxes = sandboxes(cache);
        assertThat(sandboxes).containsOnly("true");

        List<String> damagedKinds = new ArrayList<>();
        for (String kind : KINDS) {
            int files = halve(cache.resolve("ksplat").resolve(kind));
            if (files == 0) {
                continue;
            }
            damagedKinds.add(kind);
            Ksplat ksplat = start(cache, "half-" + kind, "run", SAFE);
            assertThat(ksplat.exit())
                    .as(kind + ": " + ksplat.out() + ksplat.err())
                    .isZero();
            assertThat(ksplat.outcome(SAFE)).as(kind).isEqualTo("CLEAN");
            ksplat.assertNothingLeft();
        }
        assertThat(damagedKinds).contains("bpf", "facts", "native", "qemu", "template");
        assertThat(sandboxes(cache)).as("QEMU keeps its filter").isEqualTo(sandboxes);
    }

    /** Whether each QEMU that was asked has a sandbox, as the cache says it. */
    private static List<String> sandboxes(Path cache) throws IOException {
        List<String> answers = new ArrayList<>();
        try (DirectoryStream<Path> asked = Files.newDirectoryStream(cache.resolve("ksplat/qemu"), Files::isDirectory)) {
            for (Path each : asked) {
                answers.add(Files.readString(each.resolve("sandbox")));
            }
        }
        return answers;
    }

    /** Cuts every file of a kind, as a disk that was full leaves it; returns how many. */
    private static int halve(Path kind) throws IOException {
        if (!Files.exists(kind)) {
            return 0;
        }
        List<Path> files;
        try (Stream<Path> all = Files.walk(kind)) {
            files = all.filter(file -> Files.isRegularFile(file)
                            && !file.getFileName().toString().startsWith("."))
                    .toList();
        }
        for (Path file : files) {
            try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
                open.setLength(open.length() / 2);
            }
        }
        return files.size();
    }
}
