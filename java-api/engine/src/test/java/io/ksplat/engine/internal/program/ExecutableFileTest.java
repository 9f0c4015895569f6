// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ExecutableFileTest {
    @Test
    void oneThatWasCutIsNamed() throws Exception {
        byte[] whole = Files.readAllBytes(Path.of(System.getProperty("java.home"), "bin", "java"));
        byte[] cut = Arrays.copyOf(whole, whole.length / 2);

        assertThatThrownBy(() -> ExecutableFile.checkStatic(Path.of("cut"), cut))
                .hasMessageStartingWith("cut: malformed ELF file: ");
    }
}
