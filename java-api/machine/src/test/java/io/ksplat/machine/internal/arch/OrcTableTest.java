// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.arch.OrcEntry.Base;
import io.ksplat.machine.internal.arch.OrcEntry.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OrcTableTest {
    private static final long BASE = 0xffffffff82000000L;

    /** Three functions, 0x100 apart, the last address twice: sp+8, sp+16, sp+24, then bp+16. */
    private static final byte[] IPS = ips(-0x1000, -0xf00, -0xe00, -0xe00);

    private static final byte[] ENTRIES =
            HexFormat.of().parseHex("080000000302" + "100000000302" + "180000000302" + "1000f0ff8402");

    private static byte[] ips(int... starts) {
        ByteBuffer ips = ByteBuffer.allocate(4 * starts.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int start : starts) {
            ips.putInt(start - ips.position());
        }
        return ips.array();
    }

    private static OrcEntry decode(OrcFormat format, String hex) {
        return format.decode(HexFormat.of().parseHex(hex), 0);
    }

    @Test
    void findsTheLastEntryAtOrBeforeAnAddress() throws IOException {
        OrcTable table = OrcTable.of(IPS, ENTRIES);
        assertThat(table.size()).isEqualTo(4);
        assertThat(table.find(BASE - 0x1001, BASE)).isEmpty();
        assertThat(table.find(BASE - 0x1000, BASE)).map(OrcEntry::spOffset).contains(8);
        assertThat(table.find(BASE - 0xf01, BASE)).map(OrcEntry::spOffset).contains(8);
        assertThat(table.find(BASE - 0xf00, BASE)).map(OrcEntry::spOffset).contains(16);
        assertThat(table.find(BASE - 0xe00, BASE)).map(OrcEntry::spBase).contains(Base.BP);
        assertThat(table.find(BASE - 0xe00, BASE)).map(OrcEntry::bpOffset).contains(-16);
    }

    @Test
    void isTheSameWhereverTheKernelLies() throws IOException {
        OrcTable table = OrcTable.of(IPS, ENTRIES);
        long slid = BASE + 0x1d600000L;
        assertThat(table.find(slid - 0xf00, slid)).isEqualTo(table.find(BASE - 0xf00, BASE));
    }

    @Test
    void decodesTheLayoutWithTwoTypeBits() {
        OrcFormat old = OrcFormat.TWO_TYPE_BITS;
        assertThat(decode(old, "1800f0ff1500"))
                .isEqualTo(new OrcEntry(Base.SP, 24, Base.PREV_SP, -16, Kind.CALL, false));
        assertThat(decode(old, "000000000501").kind()).isEqualTo(Kind.REGS);
        assertThat(decode(old, "000000000501").signal()).isTrue();
        assertThat(decode(old, "000000000502").kind()).isEqualTo(Kind.REGS_PARTIAL);
        assertThat(decode(old, "000000000000").kind()).isEqualTo(Kind.UNDEFINED);
        assertThat(decode(old, "000000000004").kind()).isEqualTo(Kind.END_OF_STACK);
        assertThat(decode(old, "000000000008").kind()).isEqualTo(Kind.END_OF_STACK);
        assertThat(decode(old, "000000000800").spBase()).isEqualTo(Base.BP_INDIRECT);
        assertThat(decode(old, "000000000900").spBase()).isEqualTo(Base.SP_INDIRECT);
        assertThat(decode(old, "000000000f00").spBase()).isEqualTo(Base.UNKNOWN);
    }

    @Test
    void decodesTheLayoutsWithThreeTypeBits() {
        for (OrcFormat format : new OrcFormat[] {OrcFormat.THREE_TYPE_BITS, OrcFormat.RENUMBERED}) {
            assertThat(decode(format, "000000000000").kind()).isEqualTo(Kind.UNDEFINED);
            assertThat(decode(format, "000000000001").kind()).isEqualTo(Kind.END_OF_STACK);
            assertThat(decode(format, "000000000002").kind()).isEqualTo(Kind.CALL);
            assertThat(decode(format, "00000000000b").kind()).isEqualTo(Kind.REGS);
            assertThat(decode(format, "00000000000c").kind()).isEqualTo(Kind.REGS_PARTIAL);
            assertThat(decode(format, "00000000000b").signal()).isTrue();
            assertThat(decode(format, "000000000003").signal()).isFalse();
            assertThat(decode(format, "000000000007").kind()).isEqualTo(Kind.UNDEFINED);
        }
        assertThat(decode(OrcFormat.THREE_TYPE_BITS, "00000000f502").spBase()).isEqualTo(Base.SP);
        assertThat(decode(OrcFormat.THREE_TYPE_BITS, "000000001402").bpBase()).isEqualTo(Base.PREV_SP);
        assertThat(decode(OrcFormat.RENUMBERED, "000000000302").spBase()).isEqualTo(Base.SP);
        assertThat(decode(OrcFormat.RENUMBERED, "000000008402").bpBase()).isEqualTo(Base.PREV_SP);
        assertThat(decode(OrcFormat.RENUMBERED, "000000000102").spBase()).isEqualTo(Base.AX);
    }

    @Test
    void refusesTablesThatCannotBeOne() {
        assertThatThrownBy(() -> OrcTable.of(new byte[0], new byte[0])).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> OrcTable.of(IPS, Arrays.copyOf(ENTRIES, 18))).hasMessageContaining("do not match");
        assertThatThrownBy(() -> OrcTable.of(ips(-1, -2, 0, 1), ENTRIES)).hasMessageContaining("out of order");
        byte[] noise = new byte[6000];
        new Random(1).nextBytes(noise);
        int[] starts = new int[1000];
        Arrays.setAll(starts, i -> i);
        assertThatThrownBy(() -> OrcTable.of(ips(starts), noise)).hasMessageContaining("no known layout");
    }

    @Test
    void readsTheTableOfARunningKernelInTwoReads() throws IOException {
        Symbols symbols = Symbols.parse("""
                ffffffff82000000 R __start_orc_unwind_ip
                ffffffff82000010 R __stop_orc_unwind_ip
                ffffffff82000010 R __start_orc_unwind
                ffffffff82000028 R __stop_orc_unwind
                """.getBytes(UTF_8));
        OrcTable table = OrcTable.read(
                (address, length) -> {
                    byte[] all = ByteBuffer.allocate(40).put(IPS).put(ENTRIES).array();
                    int from = (int) (address - BASE);
                    return Arrays.copyOfRange(all, from, from + length);
                },
                symbols);
        assertThat(table.find(BASE - 0xf00, BASE))
                .isEqualTo(OrcTable.of(IPS, ENTRIES).find(BASE - 0xf00, BASE));
    }

    @Test
    void saysWhatAKernelWithoutTableNeeds() throws IOException {
        Symbols symbols = Symbols.parse("ffffffff82000000 T _text\n".getBytes(UTF_8));
        assertThatThrownBy(() -> OrcTable.read((address, length) -> new byte[length], symbols))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("CONFIG_UNWINDER_ORC");
    }

    @Test
    void readsTheTableOfAnElfFile(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("vmlinux");
        Files.write(file, elf(".orc_unwind"));
        OrcTable table = OrcTable.ofVmlinux(file);
        assertThat(table.size()).isEqualTo(4);
        assertThat(table.find(BASE - 0xf00, BASE)).map(OrcEntry::spOffset).contains(16);
    }

    @Test
    void refusesElfFilesWithoutTableAndDamagedOnes(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("vmlinux");
        Files.write(file, elf(".something"));
        assertThatThrownBy(() -> OrcTable.ofVmlinux(file)).hasMessageContaining("no .orc_unwind section");
        byte[] whole = elf(".orc_unwind");
        Random random = new Random(3);
        for (int i = 0; i < 2000; i++) {
            byte[] damaged = Arrays.copyOf(whole, random.nextInt(whole.length + 1));
            for (int j = 0; j < 4 && damaged.length > 0; j++) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            Files.write(file, damaged);
            assertThat(tryToRead(file))
                    .satisfiesAnyOf(
                            t -> assertThat(t).isEmpty(),
                            t -> assertThat(t.get().size()).isPositive());
        }
    }

    @Test
    void loadsTheTableThatItStored(@TempDir Path folder) throws IOException {
        OrcTable table = OrcTable.of(IPS, ENTRIES);
        Path file = folder.resolve("orc");
        table.store(file);
        OrcTable loaded = OrcTable.load(file);
        assertThat(loaded.size()).isEqualTo(table.size());
        assertThat(loaded.format()).isEqualTo(OrcFormat.RENUMBERED);
        for (int offset = -0x1001; offset <= -0xdff; offset++) {
            assertThat(loaded.find(BASE + offset, BASE)).isEqualTo(table.find(BASE + offset, BASE));
        }
        Files.write(file, new byte[] {1, 2, 3});
        assertThatThrownBy(() -> OrcTable.load(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("delete");
    }

    private static Optional<OrcTable> tryToRead(Path file) {
        try {
            return Optional.of(OrcTable.ofVmlinux(file));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** A file of four sections: null, names, addresses, entries. */
    private static byte[] elf(String entriesName) {
        byte[] names = ("\0.shstrtab\0.orc_unwind_ip\0" + entriesName + "\0").getBytes(US_ASCII);
        int namesAt = 64;
        int ipsAt = namesAt + names.length;
        int entriesAt = ipsAt + IPS.length;
        int headersAt = entriesAt + ENTRIES.length;
        ByteBuffer elf = ByteBuffer.allocate(headersAt + 4 * 64).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1).putLong(0x28, headersAt);
        elf.putShort(0x3a, (short) 64).putShort(0x3c, (short) 4).putShort(0x3e, (short) 1);
        elf.put(namesAt, names).put(ipsAt, IPS).put(entriesAt, ENTRIES);
        section(elf, headersAt + 64, 1, namesAt, names.length);
        section(elf, headersAt + 128, 11, ipsAt, IPS.length);
        section(elf, headersAt + 192, 26, entriesAt, ENTRIES.length);
        return elf.array();
    }

    private static void section(ByteBuffer elf, int at, int name, int offset, int length) {
        elf.putInt(at, name).putLong(at + 0x18, offset).putLong(at + 0x20, length);
    }
}
