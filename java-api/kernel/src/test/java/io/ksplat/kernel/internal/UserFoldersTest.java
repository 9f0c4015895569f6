// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UserFoldersTest {
    private static final Path HOME = Path.of("/home/alice");

    @Test
    void standsInTheHomeFolderUnlessToldOtherwise() {
        assertThat(UserFolders.CACHE.in(Map.of(), HOME)).hasToString("/home/alice/.cache/ksplat");
        assertThat(UserFolders.CONFIG.in(Map.of(), HOME)).hasToString("/home/alice/.config/ksplat");
        assertThat(UserFolders.STATE.in(Map.of(), HOME)).hasToString("/home/alice/.local/state/ksplat");
        assertThat(UserFolders.STATE.in(Map.of("XDG_STATE_HOME", "/var/state", "XDG_CACHE_HOME", "/var/cache"), HOME))
                .hasToString("/var/state/ksplat");
    }

    @Test
    void ignoresAPathThatIsNotAbsolute() {
        assertThat(UserFolders.CONFIG.in(Map.of("XDG_CONFIG_HOME", "etc"), HOME))
                .hasToString("/home/alice/.config/ksplat");
        assertThat(UserFolders.CONFIG.in(Map.of("XDG_CONFIG_HOME", ""), HOME))
                .hasToString("/home/alice/.config/ksplat");
    }
}
