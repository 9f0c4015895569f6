// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessOutputTest {
    @TempDir
    Path folder;

    private ProcessOutput output() {
        return new ProcessOutput(folder.resolve("load"));
    }

    @Test
    void eachStreamIsAFile() throws IOException {
        Files.writeString(folder.resolve("load.stdout"), "of an earlier run");
        ProcessOutput output = output();
        output.add(1, "one ".getBytes(UTF_8), false);
        output.add(2, "bad".getBytes(UTF_8), false);
        output.add(1, "two".getBytes(UTF_8), false);
        assertThat(folder.resolve("load.stdout")).hasContent("one two");
        assertThat(folder.resolve("load.stderr")).hasContent("bad");
        assertThat(output.notes()).isEmpty();
    }

    @Test
    void whatPrintsNothingHasNoFile() {
        output();
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aGuestThatIgnoresTheLimitIsCut() throws IOException {
        ProcessOutput output = output();
        byte[] mebibyte = new byte[1 << 20];
        for (int i = 0; i < 100; i++) {
            output.add(1, mebibyte, false);
        }
        output.add(1, mebibyte, true);
        assertThat(Files.size(folder.resolve("load.stdout"))).isBetween(ProcessOutput.LIMIT, ProcessOutput.LIMIT + 100);
        assertThat(output.notes()).containsExactly("load.stdout is cut after 8 MiB");
    }

    @Test
    void whatTheAgentCutSaysSo() throws IOException {
        ProcessOutput output = output();
        output.add(2, "end".getBytes(UTF_8), true);
        output.add(2, "more".getBytes(UTF_8), false);
        assertThat(Files.readString(folder.resolve("load.stderr")))
                .startsWith("end\n[ksplat: ")
                .doesNotContain("more");
        assertThat(output.notes()).hasSize(1);
    }

    @Test
    void streamsThatDoNotExistAreIgnored() {
        ProcessOutput output = output();
        for (int stream : new int[] {0, 3, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            output.add(stream, new byte[1], false);
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aFileThatCannotBeWrittenIsToldOnce() throws IOException {
        Files.createDirectory(folder.resolve("load.stdout"));
        ProcessOutput output = output();
        output.add(1, new byte[1], false);
        output.add(1, new byte[1], false);
        assertThat(output.notes()).hasSize(1).first().asString().startsWith("load.stdout could not be written");
    }
}
