// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What {@code ksplat dist} packs, from what is built. */
final class Dist {
    static final Path HOME = Path.of("../..").toAbsolutePath().normalize();
    static final Path FOLDER = HOME.resolve("target/dist");
    private static final Duration PACKING = Duration.ofMinutes(20);

    private Dist() {}

    static void pack(Path folder, String... kinds) throws Exception {
        List<String> words =
                new ArrayList<>(List.of(HOME.resolve("scripts/dist").toString(), "--built"));
        words.addAll(List.of(kinds));
        HeldProcess dist = HeldProcess.run(folder, PACKING, words.toArray(String[]::new));
        assertThat(dist.status()).as(dist.output()).isZero();
    }

    /** Returns the archive that was packed. */
    static Path archive() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.filter(file -> file.toString().endsWith(".tar.gz"))
                    .findFirst()
                    .orElseThrow();
        }
    }
}
