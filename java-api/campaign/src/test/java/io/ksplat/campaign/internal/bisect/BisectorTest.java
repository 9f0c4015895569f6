// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bisect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.kernel.KernelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BisectorTest {
    @TempDir
    Path folder;

    /** A bisection does not go on with kernels of another configuration; without any its state is what it always was. */
    @Test
    void tellsAConfigurationByWhatIsInItsFiles() throws Exception {
        Path one = Files.writeString(folder.resolve("one.config"), "CONFIG_KEXEC=y\n");
        Path copy = Files.copy(one, folder.resolve("copy.config"));
        Path other = Files.writeString(folder.resolve("other.config"), "CONFIG_KEXEC=n\n");

        assertThat(Bisector.digest(List.of())).isEmpty();
        assertThat(Bisector.digest(List.of(one)))
                .startsWith(" config:")
                .isEqualTo(Bisector.digest(List.of(copy)))
                .isNotEqualTo(Bisector.digest(List.of(other)))
                .isNotEqualTo(Bisector.digest(List.of(one, other)));
    }

    @Test
    void namesAConfigurationThatIsNotThere() {
        assertThatThrownBy(() -> Bisector.digest(List.of(folder.resolve("nowhere"))))
                .isInstanceOf(KernelException.class)
                .hasMessage("no config fragment at " + folder.resolve("nowhere"));
    }
}
