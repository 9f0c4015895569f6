// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.symbols;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The columns of a symbol table in one array of bytes. The format is the same in memory and in a file, so that a file is mapped and
 * searched in place. Symbols are in address order.
 */
final class SymbolData {
    static final int MAGIC = 0x6b73_6d35;
    private static final int HEADER = 6 * Integer.BYTES;

    private final ByteBuffer bytes;
    final int count;
    final int texts;
    final int slots;
    private final int sizesAt;
    private final int nameStartsAt;
    private final int textAt;
    private final int tableAt;
    private final int modulesAt;
    private final int typesAt;
    private final int namesAt;
    private final List<String> moduleNames;

    /** @throws IllegalArgumentException if {@link #pack} did not make the bytes */
    SymbolData(ByteBuffer data) {
        bytes = data.order(ByteOrder.LITTLE_ENDIAN);
        int length = bytes.limit();
        if (length < HEADER || bytes.getInt(0) != MAGIC) {
            throw new IllegalArgumentException("not a symbol table of this version");
        }
        count = bytes.getInt(4);
        texts = bytes.getInt(8);
        slots = bytes.getInt(12);
        int names = bytes.getInt(16);
        int moduleBytes = bytes.getInt(20);
        boolean positive = count >= 0 && texts >= 0 && slots > count && names >= 0 && moduleBytes >= 0;
        if (!positive || Integer.bitCount(slots) != 1 || length(count, texts, slots, names, moduleBytes) != length) {
            throw new IllegalArgumentException("its lengths do not add up");
        }
        sizesAt = HEADER + count * Long.BYTES;
        nameStartsAt = sizesAt + count * Integer.BYTES;
        textAt = nameStartsAt + (count + 1) * Integer.BYTES;
        tableAt = textAt + texts * Integer.BYTES;
        modulesAt = tableAt + slots * Integer.BYTES;
        typesAt = modulesAt + count * Short.BYTES;
        namesAt = typesAt + count;
        byte[] modules = new byte[moduleBytes];
        bytes.duplicate().position(namesAt + names).get(modules);
        moduleNames = List.of(new String(modules, UTF_8).split("\n", -1));
    }

    private static long length(int count, int texts, int slots, int names, int moduleBytes) {
        return HEADER
                + (long) count * (Long.BYTES + 2 * Integer.BYTES + Short.BYTES + 1)
                + Integer.BYTES * (1L + texts + slots)
                + names
                + moduleBytes;
    }

    static SymbolData pack(
            long[] addresses,
            int[] sizes,
            int[] nameStarts,
            int[] text,
            int[] table,
            short[] modules,
            byte[] types,
            byte[] names,
            List<String> moduleNames) {
        byte[] moduleBytes = String.join("\n", moduleNames).getBytes(UTF_8);
        long length = length(addresses.length, text.length, table.length, names.length, moduleBytes.length);
        ByteBuffer out = ByteBuffer.allocate(Math.toIntExact(length)).order(ByteOrder.LITTLE_ENDIAN);
        for (int field :
                new int[] {MAGIC, addresses.length, text.length, table.length, names.length, moduleBytes.length}) {
            out.putInt(field);
        }
        out.asLongBuffer().put(addresses);
        out.position(out.position() + addresses.length * Long.BYTES);
        for (int[] column : List.of(sizes, nameStarts, text, table)) {
            out.asIntBuffer().put(column);
            out.position(out.position() + column.length * Integer.BYTES);
        }
        out.asShortBuffer().put(modules);
        out.position(out.position() + modules.length * Short.BYTES);
        out.put(types).put(names).put(moduleBytes).flip();
        return new SymbolData(out);
    }

    ByteBuffer bytes() {
        return bytes.duplicate();
    }

    long address(int index) {
        return bytes.getLong(HEADER + index * Long.BYTES);
    }

    int size(int index) {
        return bytes.getInt(sizesAt + index * Integer.BYTES);
    }

    byte type(int index) {
        return bytes.get(typesAt + index);
    }

    /** Returns whether a symbol is in the kernel itself, not in a module. */
    boolean isCore(int index) {
        return bytes.getShort(modulesAt + index * Short.BYTES) == 0;
    }

    String module(int index) {
        return moduleNames.get(bytes.getShort(modulesAt + index * Short.BYTES));
    }

    /** Returns the n-th of the symbols of code that have a size and are the first at their address. */
    int text(int n) {
        return bytes.getInt(textAt + n * Integer.BYTES);
    }

    /** Returns the first symbol of this name in address order; -1 if there is none. */
    int firstNamed(byte[] name) {
        return named(name).findFirst().orElse(-1);
    }

    /** Returns the symbols of this name in address order. */
    IntStream named(byte[] name) {
        int first = hash(name, 0, name.length);
        return IntStream.range(0, slots)
                .map(step -> bytes.getInt(tableAt + (first + step & slots - 1) * Integer.BYTES) - 1)
                .takeWhile(index -> index >= 0)
                .filter(index -> hasName(index, name));
    }

    boolean hasName(int index, byte[] name) {
        return nameLength(index) == name.length && startsWith(index, name);
    }

    boolean startsWith(int index, byte[] prefix) {
        if (nameLength(index) < prefix.length) {
            return false;
        }
        for (int i = 0; i < prefix.length; i++) {
            if (nameByte(index, i) != prefix[i]) {
                return false;
            }
        }
        return true;
    }

    int nameLength(int index) {
        return nameStart(index + 1) - nameStart(index);
    }

    byte nameByte(int index, int at) {
        return bytes.get(namesAt + nameStart(index) + at);
    }

    byte[] name(int index) {
        byte[] name = new byte[nameLength(index)];
        bytes.duplicate().position(namesAt + nameStart(index)).get(name);
        return name;
    }

    private int nameStart(int index) {
        return bytes.getInt(nameStartsAt + index * Integer.BYTES);
    }

    static int hash(byte[] bytes, int start, int end) {
        int hash = 0;
        for (int i = start; i < end; i++) {
            hash = 31 * hash + bytes[i];
        }
        return hash ^ hash >>> 15;
    }
}
