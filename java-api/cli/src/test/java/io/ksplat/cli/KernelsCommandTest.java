// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code ksplat kernels} does to the cache. */
class KernelsCommandTest {
    @TempDir
    Path folder;

    private Path entry(String kind, String key, Duration unused) throws IOException {
        return Caches.entry(folder.resolve("cache"), kind, key, 1_500_000, unused);
    }

    private Ksplat kernels(String... arguments) throws Exception {
        return Ksplat.run(
                folder, Map.of("XDG_CACHE_HOME", folder.resolve("cache").toString()), arguments);
    }

    @Test
    void listsWhatIsCachedWithItsSize() throws Exception {
        entry("built", "7.3.4-lockdep-0123456789ab", Duration.ofDays(1));

        Ksplat ksplat = kernels("kernels", "--cached");

        assertThat(ksplat.exit()).as(ksplat.err()).isZero();
        assertThat(ksplat.out()).containsPattern("7\\.3\\.4-lockdep-0123456789ab +1\\.5 MB +built");
    }

    @Test
    void removesTheOneThatIsNamed() throws Exception {
        Path gone = entry("debian", "7.2.13", Duration.ZERO);
        Path kept = entry("debian", "6.12.1", Duration.ZERO);

        assertThat(kernels("kernels", "rm", "7.2.13").exit()).isZero();
        assertThat(gone).doesNotExist();
        assertThat(kept).exists();

        Ksplat again = kernels("kernels", "rm", "7.2.13");
        assertThat(again.exit()).isEqualTo(2);
        assertThat(again.err()).contains("there is no kernel 7.2.13 in the cache");
    }

    @Test
    void prunesWhatWasNotUsedForSoLong() throws Exception {
        Path old = entry("built", "old", Duration.ofDays(40));
        Path young = entry("built", "young", Duration.ofDays(20));

        Ksplat ksplat = kernels("kernels", "prune", "--older-than", "30");

        assertThat(ksplat.exit()).as(ksplat.err()).isZero();
        assertThat(ksplat.out()).contains("removed old (1.5 MB)").doesNotContain("young");
        assertThat(old).doesNotExist();
        assertThat(young).exists();
    }
}
