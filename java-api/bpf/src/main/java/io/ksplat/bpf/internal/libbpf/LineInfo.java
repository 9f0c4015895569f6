// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import io.ksplat.bpf.LibbpfException;
import io.ksplat.bpf.SourceLine;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** The line information of a {@code .BTF.ext} section (format: Documentation/bpf/btf.rst, ".BTF.ext section"). */
public final class LineInfo {
    private static final int HEADER_LENGTH = 4;
    private static final int LINE_INFO_OFFSET = 16;
    private static final int LINE_INFO_LENGTH = 20;

    /** By ELF section, then by the offset in it, in bytes. */
    private final Map<String, NavigableMap<Integer, SourceLine>> lines = new HashMap<>();

    /** Has no lines. */
    public static LineInfo none() {
        return new LineInfo();
    }

    /**
     * Parses a section.
     *
     * @throws LibbpfException if it is malformed
     */
    public static LineInfo parse(byte[] btfExt, Btf btf) throws LibbpfException {
        LineInfo info = new LineInfo();
        try {
            info.read(ByteBuffer.wrap(btfExt).order(ByteOrder.LITTLE_ENDIAN), btf);
        } catch (IndexOutOfBoundsException e) {
            throw new LibbpfException("malformed .BTF.ext: its line information points outside its bytes", e);
        }
        return info;
    }

    private void read(ByteBuffer data, Btf btf) throws LibbpfException {
        int start = data.getInt(HEADER_LENGTH) + data.getInt(LINE_INFO_OFFSET);
        int length = data.getInt(LINE_INFO_LENGTH);
        if (length == 0) {
            return;
        }
        int recordBytes = data.getInt(start);
        if (recordBytes < 16) {
            throw new LibbpfException(
                    "malformed .BTF.ext: line records of " + recordBytes + " bytes, at least 16 expected");
        }
        int at = start + 4;
        while (at < start + length) {
            NavigableMap<Integer, SourceLine> section =
                    lines.computeIfAbsent(btf.string(data.getInt(at)), name -> new TreeMap<>());
            int count = data.getInt(at + 4);
            at += 8;
            for (int i = 0; i < count; i++, at += recordBytes) {
                int lineAndColumn = data.getInt(at + 12);
                section.put(
                        data.getInt(at),
                        new SourceLine(
                                btf.string(data.getInt(at + 4)),
                                lineAndColumn >>> 10,
                                lineAndColumn & 0x3ff,
                                btf.string(data.getInt(at + 8)).strip()));
            }
        }
    }

    /** Finds the line of the last record at or before an offset, but not before {@code from}, both in bytes. */
    public Optional<SourceLine> at(String section, int from, int offset) {
        NavigableMap<Integer, SourceLine> records = lines.get(section);
        if (records == null) {
            return Optional.empty();
        }
        Map.Entry<Integer, SourceLine> found = records.floorEntry(offset);
        return found == null || found.getKey() < from ? Optional.empty() : Optional.of(found.getValue());
    }
}
