// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.kernel.internal.image.KernelConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProfileTest {
    @TempDir
    Path profiles;

    @BeforeEach
    void twoProfiles() throws Exception {
        Files.createDirectory(profiles.resolve("plain"));
        Files.writeString(profiles.resolve("plain/a.config"), "# words\nCONFIG_SMP=y\nCONFIG_NR_CPUS=16\n");
        Files.createDirectory(profiles.resolve("lockdep"));
        Files.writeString(
                profiles.resolve("lockdep/a.config"),
                "# ksplat: extends plain\nCONFIG_PROVE_LOCKING=y\n# ksplat: kernels [6.5,)\nCONFIG_BUDDY=y\nCONFIG_NR_CPUS=8\n"
                        + "# CONFIG_OFF is not set\n");
    }

    @Test
    void extendsAnotherAndHasTheLastWord() throws Exception {
        Profile lockdep = Profile.load(profiles, "lockdep", List.of());

        assertThat(lockdep.fragment("7.3.4"))
                .isEqualTo("CONFIG_SMP=y\nCONFIG_NR_CPUS=8\nCONFIG_PROVE_LOCKING=y\nCONFIG_BUDDY=y\nCONFIG_OFF=n\n");
    }

    @Test
    void aRangeIsForTheNextLineOnly() throws Exception {
        Profile lockdep = Profile.load(profiles, "lockdep", List.of());

        assertThat(lockdep.fragment("6.1.192")).doesNotContain("BUDDY").contains("CONFIG_NR_CPUS=8");
    }

    @Test
    void theUsersOwnFragmentComesLast(@TempDir Path elsewhere) throws Exception {
        Path own = Files.writeString(elsewhere.resolve("mine"), "CONFIG_SMP=n\n");

        assertThat(Profile.load(profiles, "plain", List.of(own)).fragment("7.3.4"))
                .isEqualTo("CONFIG_SMP=n\nCONFIG_NR_CPUS=16\n");
    }

    @Test
    void namesWhatKconfigDropped() throws Exception {
        Profile lockdep = Profile.load(profiles, "lockdep", List.of());
        KernelConfig result = KernelConfig.parse("CONFIG_SMP=y\nCONFIG_NR_CPUS=8\nCONFIG_BUDDY=y\n");

        assertThat(lockdep.dropped("7.3.4", result))
                .extracting(Profile.Line::option, Profile.Line::place)
                .containsExactly(org.assertj.core.groups.Tuple.tuple("PROVE_LOCKING", "a.config:2"));
        assertThat(lockdep.dropped(
                        "7.3.4",
                        KernelConfig.parse("CONFIG_SMP=y\nCONFIG_NR_CPUS=8\nCONFIG_BUDDY=y\n"
                                + "CONFIG_PROVE_LOCKING=y\nCONFIG_OFF=y\n")))
                .extracting(Profile.Line::option)
                .containsExactly("OFF");
    }

    @Test
    void refusesALineThatItDoesNotUnderstand() throws Exception {
        Files.writeString(profiles.resolve("plain/b.config"), "CONFIG_A=y\n# ksplat: optional\nCONFIG_B=y\n");

        assertThatThrownBy(() -> Profile.load(profiles, "plain", List.of()))
                .hasMessageContaining("b.config:2: '# ksplat: optional' is not a line of a config fragment");
    }
}
