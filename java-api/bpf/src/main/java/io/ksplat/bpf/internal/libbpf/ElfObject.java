// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import io.ksplat.bpf.LibbpfException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The sections and symbols of a little-endian 64-bit ELF object, for what libbpf reads but does not hand out: the
 * licence, line information, and which externs are weak. Source: elf(5).
 */
public final class ElfObject {
    private static final int SYMBOL_BYTES = 24;
    private static final int SYMTAB = 2;
    private static final int NOBITS = 8;
    private static final int FUNC = 2;
    private static final int WEAK = 2;

    private final ByteBuffer data;
    private final List<Section> sections = new ArrayList<>();
    private final List<Symbol> symbols = new ArrayList<>();

    private record Section(String name, int type, int offset, int size, int link) {}

    /** {@code section} is empty for what is only declared here. */
    public record Symbol(
            String name, Optional<String> section, boolean function, boolean weak, long value, long size) {}

    /** The bytes must be an ELF object that libbpf has accepted: its header is not checked again. */
    public ElfObject(byte[] object) throws LibbpfException {
        data = ByteBuffer.wrap(object).order(ByteOrder.LITTLE_ENDIAN);
        try {
            readSections();
            readSymbols();
        } catch (IndexOutOfBoundsException e) {
            throw new LibbpfException(
                    "malformed ELF object: a header points outside its " + object.length + " bytes", e);
        }
    }

    public Optional<byte[]> section(String name) {
        return sections.stream()
                .filter(s -> s.name().equals(name) && s.type() != NOBITS)
                .findFirst()
                .map(s -> Arrays.copyOfRange(data.array(), s.offset(), s.offset() + s.size()));
    }

    public List<Symbol> symbols() {
        return symbols;
    }

    private void readSections() {
        int table = (int) data.getLong(0x28);
        int entryBytes = data.getShort(0x3a);
        int count = data.getShort(0x3c);
        int names = (int) data.getLong(table + entryBytes * data.getShort(0x3e) + 0x18);
        for (int i = 0; i < count; i++) {
            int at = table + i * entryBytes;
            sections.add(new Section(
                    text(names + data.getInt(at)),
                    data.getInt(at + 4),
                    (int) data.getLong(at + 0x18),
                    (int) data.getLong(at + 0x20),
                    data.getInt(at + 0x28)));
        }
    }

    private void readSymbols() {
        for (Section table : sections) {
            if (table.type() != SYMTAB) {
                continue;
            }
            int names = sections.get(table.link()).offset();
            for (int at = table.offset(); at < table.offset() + table.size(); at += SYMBOL_BYTES) {
                int info = data.get(at + 4);
                int index = data.getShort(at + 6) & 0xffff;
                boolean here = index > 0 && index < sections.size();
                symbols.add(new Symbol(
                        text(names + data.getInt(at)),
                        here ? Optional.of(sections.get(index).name()) : Optional.empty(),
                        (info & 0xf) == FUNC,
                        info >> 4 == WEAK,
                        data.getLong(at + 8),
                        data.getLong(at + 16)));
            }
        }
    }

    private String text(int start) {
        int end = start;
        while (data.get(end) != 0) {
            end++;
        }
        return new String(data.array(), start, end - start, StandardCharsets.UTF_8);
    }
}
