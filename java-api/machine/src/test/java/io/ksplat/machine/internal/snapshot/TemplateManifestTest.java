// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TemplateManifestTest {
    private static final int MIB = 1 << 20;

    @TempDir
    private Path folder;

    private Path ram;
    private TemplateManifest manifest;

    @BeforeEach
    void someMemory() throws IOException {
        ram = folder.resolve("ram");
        try (RandomAccessFile file = new RandomAccessFile(ram.toFile(), "rw")) {
            file.setLength(4 * MIB);
            file.seek(MIB + 5);
            file.write("something".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        }
        manifest = TemplateManifest.describe(ram, new byte[] {1}, new byte[] {2}, new byte[] {3});
    }

    @Test
    void whatIsUntouchedIsAccepted() {
        assertThatCode(() -> manifest.checkRam(ram)).doesNotThrowAnyException();
    }

    @Test
    void onlyPiecesThatHoldSomethingHaveASum() {
        assertThat(manifest.pieces()).containsOnlyKeys(1);
    }

    @Test
    void comesBackAsItWasWritten() throws IOException {
        manifest.write(folder);

        assertThat(TemplateManifest.read(folder)).isEqualTo(manifest);
    }

    @Test
    void twoOfTheSameFilesAreTwo() throws IOException {
        assertThat(TemplateManifest.describe(ram, new byte[] {1}, new byte[] {2}, new byte[] {3}))
                .isNotEqualTo(manifest);
    }

    @Test
    void aTruncatedMemoryIsFound() throws IOException {
        FileTime time = Files.getLastModifiedTime(ram);
        try (RandomAccessFile file = new RandomAccessFile(ram.toFile(), "rw")) {
            file.setLength(3 * MIB);
        }
        Files.setLastModifiedTime(ram, time);

        assertThatThrownBy(() -> manifest.checkRamUntouched(ram))
                .isInstanceOf(Template.Damaged.class)
                .hasMessageContaining("3145728 bytes instead of 4194304");
    }

    @Test
    void aBitThatFlipsUnseenIsFound() throws IOException {
        FileTime time = Files.getLastModifiedTime(ram);
        write(MIB + 7);
        Files.setLastModifiedTime(ram, time);

        assertThatCode(() -> manifest.checkRamUntouched(ram)).doesNotThrowAnyException();
        assertThatThrownBy(() -> manifest.checkRam(ram))
                .isInstanceOf(Template.Damaged.class)
                .hasMessageContaining("MiB 1 does not match its checksum");
    }

    @Test
    void aWriteToAHoleIsFound() throws IOException {
        write(3 * MIB);

        assertThatThrownBy(() -> manifest.checkRam(ram))
                .isInstanceOf(Template.Damaged.class)
                .hasMessageContaining("it was written to");
    }

    @Test
    void aMemoryThatIsGoneIsFound() throws IOException {
        Files.delete(ram);

        assertThatThrownBy(() -> manifest.checkRamUntouched(ram))
                .isInstanceOf(Template.Damaged.class)
                .hasMessageContaining("it does not exist");
    }

    @Test
    void aStateThatIsCutOffIsFound() throws IOException {
        Path state = Files.write(folder.resolve("state"), new byte[0]);

        assertThatThrownBy(() -> TemplateManifest.checked(state, manifest.stateSum()))
                .isInstanceOf(Template.Damaged.class)
                .hasMessageContaining("its 0 bytes do not match their checksum");
    }

    @Test
    void aManifestThatIsCutOffIsFound() throws IOException {
        manifest.write(folder);
        Path file = folder.resolve("template.json");
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length < whole.length; length += 7) {
            Files.write(file, java.util.Arrays.copyOf(whole, length));

            assertThatThrownBy(() -> TemplateManifest.read(folder)).isInstanceOf(Template.Damaged.class);
        }
    }

    private void write(int at) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(ram.toFile(), "rw")) {
            file.seek(at);
            file.write(0x55);
        }
    }
}
