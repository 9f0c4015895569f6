// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import io.ksplat.bpf.LibbpfException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Raw little-endian BTF: the position of each type, and its fields.
 *
 * <p>The layout is that of include/uapi/linux/btf.h. The wider vlen and kind of 7.x read old BTF as well, which has zeros in those
 * bits. This is Java because libbpf would need a native call for each field.
 */
public final class Btf {
    static final int INT = 1;
    static final int PTR = 2;
    static final int ARRAY = 3;
    static final int STRUCT = 4;
    static final int UNION = 5;
    static final int ENUM = 6;
    static final int FWD = 7;
    static final int TYPEDEF = 8;
    static final int VOLATILE = 9;
    static final int CONST = 10;
    static final int RESTRICT = 11;
    static final int FUNC = 12;
    static final int FUNC_PROTO = 13;
    static final int VAR = 14;
    static final int DATASEC = 15;
    static final int FLOAT = 16;
    static final int DECL_TAG = 17;
    static final int TYPE_TAG = 18;
    static final int ENUM64 = 19;

    private static final int MAGIC = 0xeb9f;
    private static final int TYPE_BYTES = 12;

    private final ByteBuffer data;
    private final int strings;
    private final int stringsEnd;
    private final int layout;
    private final int layoutKinds;
    private final int count;
    private final int[] offsets;

    private Btf(byte[] raw) throws LibbpfException {
        data = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
        if (raw.length < 24 || (data.getShort(0) & 0xffff) != MAGIC) {
            throw new LibbpfException(
                    "not BTF: " + raw.length + " bytes that do not begin with its little-endian magic");
        }
        int header = data.getInt(4);
        int types = Math.addExact(header, data.getInt(8));
        int typesEnd = Math.addExact(types, data.getInt(12));
        strings = Math.addExact(header, data.getInt(16));
        stringsEnd = Math.addExact(strings, data.getInt(20));
        if (header < 24 || types < 0 || typesEnd > raw.length || strings < 0 || stringsEnd > raw.length) {
            throw new LibbpfException("malformed BTF: its sections lie outside its " + raw.length + " bytes");
        }
        boolean hasLayout = header >= 32;
        layout = hasLayout ? Math.addExact(header, data.getInt(24)) : 0;
        layoutKinds = hasLayout ? data.getInt(28) / 4 : 0;

        int[] found = new int[1024];
        int n = 1;
        int at = types;
        for (; at < typesEnd; n++) {
            if (n == found.length) {
                found = Arrays.copyOf(found, 2 * n);
            }
            found[n] = at;
            at += TYPE_BYTES + extraBytes(at);
        }
        if (at != typesEnd) {
            throw new LibbpfException("malformed BTF: its last type ends outside of the type section");
        }
        offsets = found;
        count = n;
    }

    /**
     * Parses raw BTF.
     *
     * @throws LibbpfException if it is malformed
     */
    public static Btf parse(byte[] raw) throws LibbpfException {
        try {
            return new Btf(raw);
        } catch (IndexOutOfBoundsException | ArithmeticException e) {
            throw new LibbpfException("malformed BTF: a length in it points outside its " + raw.length + " bytes", e);
        }
    }

    private int extraBytes(int at) throws LibbpfException {
        int info = data.getInt(at + 4);
        int kind = (info >>> 24) & 0x7f;
        int vlen = info & 0xffffff;
        return switch (kind) {
            case INT, VAR, DECL_TAG -> 4;
            case PTR, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FLOAT, TYPE_TAG -> 0;
            case ARRAY -> 12;
            case STRUCT, UNION, DATASEC, ENUM64 -> Math.multiplyExact(12, vlen);
            case ENUM, FUNC_PROTO -> Math.multiplyExact(8, vlen);
            default -> unknownExtraBytes(kind, vlen);
        };
    }

    private int unknownExtraBytes(int kind, int vlen) throws LibbpfException {
        if (kind >= layoutKinds) {
            throw new LibbpfException("BTF has a type of unknown kind " + kind + ": it is newer than ksplat knows");
        }
        int entry = layout + 4 * kind;
        return (data.get(entry) & 0xff) + Math.multiplyExact(data.get(entry + 1) & 0xff, vlen);
    }

    /** Returns the number of types, void included: ids are below it, and 0 is void. */
    int typeCount() {
        return count;
    }

    int kind(int id) {
        return id == 0 ? 0 : (info(id) >>> 24) & 0x7f;
    }

    int vlen(int id) {
        return info(id) & 0xffffff;
    }

    boolean kindFlag(int id) {
        return info(id) < 0;
    }

    String name(int id) {
        return id == 0 ? "void" : string(nameOffset(id));
    }

    int nameOffset(int id) {
        return data.getInt(at(id));
    }

    /** Returns the size, or the id of the type that this one refers to, depending on the kind. */
    int sizeOrType(int id) {
        return data.getInt(at(id) + 8);
    }

    /** Returns the n-th 32-bit word after the first three of a type. */
    int word(int id, int n) {
        return data.getInt(at(id) + TYPE_BYTES + 4 * n);
    }

    String string(int offset) {
        int start = strings + offset;
        int end = start;
        while (end < stringsEnd && data.get(end) != 0) {
            end++;
        }
        return new String(data.array(), start, end - start, StandardCharsets.UTF_8);
    }

    boolean nameIs(int id, byte[] wanted) {
        int start = strings + nameOffset(id);
        int end = start + wanted.length;
        return end < stringsEnd
                && data.get(end) == 0
                && Arrays.equals(data.array(), start, end, wanted, 0, wanted.length);
    }

    int nameLength(int id) {
        int start = strings + nameOffset(id);
        int end = start;
        while (end < stringsEnd && data.get(end) != 0) {
            end++;
        }
        return end - start;
    }

    /** Returns {@link Arrays#hashCode(byte[])} of the bytes of the name. */
    int nameHash(int id) {
        int hash = 1;
        byte c;
        for (int at = strings + nameOffset(id); at < stringsEnd && (c = data.get(at)) != 0; at++) {
            hash = 31 * hash + c;
        }
        return hash;
    }

    private int info(int id) {
        return data.getInt(at(id) + 4);
    }

    private int at(int id) {
        if (id <= 0 || id >= count) {
            throw new IndexOutOfBoundsException("BTF has no type " + id);
        }
        return offsets[id];
    }
}
