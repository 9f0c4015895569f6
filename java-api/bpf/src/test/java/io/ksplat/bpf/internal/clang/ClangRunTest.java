// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.clang;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClangRunTest {
    @TempDir
    Path folder;

    /** A message quotes the source, and names its file. */
    @Test
    void readsUtf8AndWhatIsNone() throws Exception {
        List<String> command = List.of("printf", "k\\303\\244se.c:1: \\344\\n");

        assertThat(ClangRun.of(command, folder, Map.of(), Duration.ofMinutes(1)).output())
                .isEqualTo("k\u00e4se.c:1: \ufffd\n");
    }
}
