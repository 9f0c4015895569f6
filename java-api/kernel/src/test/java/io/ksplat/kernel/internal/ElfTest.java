// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.ksplat.kernel.internal.image.TestImages;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ElfTest {
    private static final int SEGMENT_TABLE = 32;
    private static final int SECTION_TABLE = 40;
    private static final int SECTION_COUNT = 60;
    private static final int SECTION_NAMES = 62;

    private final byte[] whole = TestImages.elf(true, "the types", "text");

    private static Elf elf(byte[] file) throws IOException {
        return Elf.of(file).orElseThrow();
    }

    private byte[] changed(int at, long value) {
        byte[] copy = whole.clone();
        ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN).putLong(at, value);
        return copy;
    }

    private byte[] changed(int at, short value) {
        byte[] copy = whole.clone();
        ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN).putShort(at, value);
        return copy;
    }

    private int section(int index) {
        return (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong(SECTION_TABLE) + 64 * index;
    }

    @Test
    void findsSectionsByName() throws Exception {
        assertThat(elf(whole).section(".BTF"))
                .hasValueSatisfying(bytes -> assertThat(bytes).asString().isEqualTo("the types"));
        assertThat(elf(whole).section(".nothing")).isEmpty();
        assertThat(elf(whole).sections()).extracting(Elf.Section::name).containsExactly("", ".BTF", ".shstrtab");
    }

    @Test
    void aSectionWithoutBytesInTheFileHasNoContents() throws Exception {
        byte[] file = changed(section(1) + 4, 8L);

        assertThat(elf(file).section(".BTF")).isEmpty();
    }

    @Test
    void tellsAPvhEntryFromOtherNotes() throws Exception {
        assertThat(elf(whole).hasPvhEntry()).isTrue();
        assertThat(elf(TestImages.elf(false, "", "")).hasPvhEntry()).isFalse();
    }

    @Test
    void readsAFileAsItReadsMemory(@TempDir Path folder) throws Exception {
        try (FileChannel file = FileChannel.open(Files.write(folder.resolve("elf"), whole))) {
            Elf elf = Elf.of(file).orElseThrow();

            assertThat(elf.hasPvhEntry()).isTrue();
            assertThat(elf.section(".BTF").orElseThrow()).isEqualTo("the types".getBytes(US_ASCII));
        }
    }

    @Test
    void whatIsNoElfFileIsEmpty() throws Exception {
        assertThat(Elf.of(new byte[0])).isEmpty();
        assertThat(Elf.of(new byte[4096])).isEmpty();
        assertThat(Elf.of(Arrays.copyOf(whole, 63))).isEmpty();
        byte[] bigEndian = whole.clone();
        bigEndian[5] = 2;
        assertThat(Elf.of(bigEndian)).isEmpty();
    }

    @Test
    void anOffsetOutsideTheFileIsNamed() throws Exception {
        assertMalformed(elf(changed(SECTION_TABLE, Long.MAX_VALUE))::sections, "the section table does not lie within");
        assertMalformed(elf(changed(SECTION_TABLE, -64))::sections, "the section table does not lie within");
        assertMalformed(elf(changed(SECTION_COUNT, (short) -1))::sections, "the section table does not lie within");
        assertMalformed(elf(changed(SECTION_NAMES, (short) 3))::sections, "names is not in the section table");
        assertMalformed(elf(changed(58, (short) 40))::sections, "has entries of 40 bytes, not 64");
        assertMalformed(elf(changed(section(2) + 32, 1L << 40))::sections, "the sections' names does not lie within");
        assertMalformed(elf(changed(section(1), (1L << 32) | 0x7fffffff))::sections, "a name at 2147483647");
        assertMalformed(() -> elf(changed(section(1) + 32, -1)).section(".BTF"), "section .BTF does not lie within");
        assertMalformed(elf(changed(SEGMENT_TABLE, 1L << 33))::hasPvhEntry, "the segment table does not lie within");
        assertMalformed(elf(changed(64 + 8, Long.MIN_VALUE))::hasPvhEntry, "a note segment does not lie within");
    }

    private static void assertMalformed(ThrowingCallable read, String why) {
        assertThatExceptionOfType(Elf.MalformedException.class).isThrownBy(read).withMessageContaining(why);
    }

    @Test
    void aCutOrDamagedFileIsNeverMoreThanMalformed() {
        Random random = new Random(7);
        for (int length = 0; length <= whole.length; length++) {
            for (int damage = 0; damage < 8; damage++) {
                byte[] file = whole.clone();
                for (int i = 0; i < damage; i++) {
                    file[6 + random.nextInt(whole.length - 6)] = (byte) random.nextInt();
                }
                readAll(Arrays.copyOf(file, length));
            }
        }
    }

    private static void readAll(byte[] file) {
        try {
            Optional<Elf> elf = Elf.of(file);
            if (elf.isPresent()) {
                elf.get().firstCode();
                elf.get().hasPvhEntry();
                elf.get().section(".BTF");
                elf.get().symbols();
            }
        } catch (Elf.MalformedException e) {
            assertThat(e.getMessage().lines()).hasSize(1);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
