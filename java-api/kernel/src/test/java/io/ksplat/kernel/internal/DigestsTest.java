// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DigestsTest {
    /** As sha256sum(1) prints it. */
    private static final String OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @Test
    void textBytesFileAndPartsGiveTheSameDigest(@TempDir Path folder) throws Exception {
        MessageDigest parts = Digests.sha256();
        parts.update((byte) 'a');
        parts.update("bc".getBytes(StandardCharsets.US_ASCII));

        assertThat(Digests.sha256("abc")).isEqualTo(OF_ABC);
        assertThat(Digests.sha256("abc".getBytes(StandardCharsets.US_ASCII))).isEqualTo(OF_ABC);
        assertThat(Digests.sha256(Files.writeString(folder.resolve("file"), "abc")))
                .isEqualTo(OF_ABC);
        assertThat(Digests.hex(parts)).isEqualTo(OF_ABC);
    }
}
