// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
    @TempDir
    private Path folder;

    /** As after a machine that died with ksplat on it. */
    private Journal again() {
        return new Journal(folder, "ssh:root@host/x");
    }

    @Test
    void leavesOutOnceWhatNeverEnded() throws IOException {
        assertThat(again().begin("map-reentry+queue on 6.12")).isEmpty();
        assertThat(Files.readString(again().file())).startsWith("begun ").endsWith(" map-reentry+queue on 6.12\n");
        assertThat(again().begin("nmi-cpumask-kptr on 6.12")).isEmpty();
        again().end("nmi-cpumask-kptr on 6.12");

        assertThat(again().begin("nmi-cpumask-kptr on 6.12")).isEmpty();
        assertThat(again().begin("map-reentry+queue on 6.12")).isPresent();
        assertThat(again().begin("map-reentry+queue on 6.12")).isEmpty();
    }

    @Test
    void keepsMachinesApartAndStaysInItsFolder() throws IOException {
        assertThat(again().begin("a")).isEmpty();
        assertThat(new Journal(folder, "../other").begin("a")).isEmpty();
        assertThat(again().file()).hasParent(folder);
        try (var files = Files.list(folder)) {
            assertThat(files).hasSize(2);
        }
    }
}
