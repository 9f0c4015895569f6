// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import io.ksplat.bpf.BtfMismatchException;
import io.ksplat.bpf.BtfType;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Numbers, booleans and enums. */
final class BtfScalar {
    private static final Map<Class<?>, Integer> WIDTHS = Map.of(
            byte.class,
            1,
            Byte.class,
            1,
            short.class,
            2,
            Short.class,
            2,
            int.class,
            4,
            Integer.class,
            4,
            long.class,
            8,
            Long.class,
            8);

    private BtfScalar() {}

    /** Returns the size of an integer type in bytes; empty for other types. */
    static Optional<Integer> width(Class<?> java) {
        return Optional.ofNullable(WIDTHS.get(java));
    }

    static Optional<BtfField> of(Class<?> java, BtfType type, String what) {
        if (type instanceof BtfType.Bool && (java == boolean.class || java == Boolean.class)) {
            return Optional.of(new BoolField());
        }
        if (type instanceof BtfType.Real && type.size() == 4 && (java == float.class || java == Float.class)) {
            return Optional.of(new FloatField());
        }
        if (type instanceof BtfType.Real && type.size() == 8 && (java == double.class || java == Double.class)) {
            return Optional.of(new DoubleField());
        }
        boolean integral = type instanceof BtfType.Int
                || type instanceof BtfType.Char
                || type instanceof BtfType.Ptr
                || type instanceof BtfType.Enumeration;
        return integral
                ? width(java).filter(bytes -> bytes == type.size()).map(bytes -> new IntField(java, bytes, what))
                : Optional.empty();
    }

    static long readBits(ByteBuffer from, int at, int bytes) {
        long value = 0;
        for (int i = bytes - 1; i >= 0; i--) {
            value = value << 8 | (from.get(at + i) & 0xff);
        }
        return value;
    }

    static void writeBits(ByteBuffer to, int at, int bytes, long value) {
        for (int i = 0; i < bytes; i++) {
            to.put(at + i, (byte) (value >> 8 * i));
        }
    }

    /** Converts a number to a boxed Java type; cuts it to the width of that. */
    static Object boxed(Class<?> java, long value) {
        return switch (width(java).orElseThrow()) {
            case 1 -> (Object) (byte) value;
            case 2 -> (Object) (short) value;
            case 4 -> (Object) (int) value;
            default -> (Object) value;
        };
    }

    private static long number(Object value, String what) {
        if (value instanceof Number number) {
            return number.longValue();
        }
        throw new BtfMismatchException(what + " is a number in C, not " + value);
    }

    private record IntField(Class<?> java, int bytes, String what) implements BtfField {
        @Override
        public Object read(ByteBuffer from, int at) {
            return boxed(java, readBits(from, at, bytes));
        }

        @Override
        public void write(ByteBuffer to, int at, Object value) {
            writeBits(to, at, bytes, number(value, what));
        }
    }

    private record BoolField() implements BtfField {
        @Override
        public Object read(ByteBuffer from, int at) {
            return from.get(at) != 0;
        }

        @Override
        public void write(ByteBuffer to, int at, Object value) {
            to.put(at, (byte) ((Boolean) value ? 1 : 0));
        }
    }

    private record FloatField() implements BtfField {
        @Override
        public Object read(ByteBuffer from, int at) {
            return from.getFloat(at);
        }

        @Override
        public void write(ByteBuffer to, int at, Object value) {
            to.putFloat(at, (Float) value);
        }
    }

    private record DoubleField() implements BtfField {
        @Override
        public Object read(ByteBuffer from, int at) {
            return from.getDouble(at);
        }

        @Override
        public void write(ByteBuffer to, int at, Object value) {
            to.putDouble(at, (Double) value);
        }
    }

    static BtfField constants(Class<?> java, BtfType.Enumeration type, String what) {
        Map<Long, Object> byNumber = new HashMap<>();
        Map<Object, Long> byConstant = new HashMap<>();
        for (Object constant : java.getEnumConstants()) {
            String name = ((Enum<?>) constant).name();
            Long number = type.values().get(name);
            if (number == null) {
                throw new BtfMismatchException(
                        what + ": " + java.getSimpleName() + "." + name + " is not a constant of "
                                + CTypeName.of(type) + ", which has "
                                + String.join(", ", type.values().keySet()));
            }
            byNumber.putIfAbsent(number, constant);
            byConstant.put(constant, number);
        }
        return new EnumField(java, type.size(), type.signed(), byNumber, byConstant, what);
    }

    private record EnumField(
            Class<?> java,
            int bytes,
            boolean signed,
            Map<Long, Object> byNumber,
            Map<Object, Long> byConstant,
            String what)
            implements BtfField {
        @Override
        public Object read(ByteBuffer from, int at) {
            long bits = readBits(from, at, bytes);
            long number = signed ? bits << 64 - 8 * bytes >> 64 - 8 * bytes : bits;
            Object constant = byNumber.get(number);
            if (constant == null) {
                throw new BtfMismatchException(
                        what + " is " + number + ", which no constant of " + java.getSimpleName() + " has");
            }
            return constant;
        }

        @Override
        public void write(ByteBuffer to, int at, Object value) {
            Long number = byConstant.get(value);
            if (number == null) {
                throw new BtfMismatchException(what + " is a " + java.getSimpleName() + ", not " + value);
            }
            writeBits(to, at, bytes, number);
        }
    }

    /** @param member a bitfield, whose type is an integer or an enum */
    static BtfField bits(Class<?> java, BtfType.Member member, String what) {
        int width = width(java)
                .orElseThrow(() -> new BtfMismatchException(what + " is a bitfield of " + member.bitSize()
                        + " bits in C and " + java.getSimpleName() + " in Java: make it int or long"));
        boolean signed = member.type() instanceof BtfType.Int number && number.signed();
        if (8 * width < member.bitSize()) {
            throw new BtfMismatchException(what + " is a bitfield of " + member.bitSize() + " bits in C and "
                    + java.getSimpleName().toLowerCase(Locale.ROOT) + " in Java, which has fewer");
        }
        return new BitField(java, member.bitOffset(), member.bitSize(), signed, what);
    }

    /** A bitfield: it counts its bits from the start of the struct. */
    private record BitField(Class<?> java, int offset, int size, boolean signed, String what) implements BtfField {
        @Override
        public Object read(ByteBuffer from, int at) {
            long value = 0;
            for (int i = size - 1; i >= 0; i--) {
                value = value << 1 | (from.get(at + (offset + i) / 8) >> (offset + i) % 8 & 1);
            }
            return boxed(java, signed ? value << 64 - size >> 64 - size : value);
        }

        @Override
        public void write(ByteBuffer to, int at, Object value) {
            long number = number(value, what);
            long rest = signed ? number >> size - 1 : size == 64 ? 0 : number >>> size;
            if (rest != 0 && !(signed && rest == -1)) {
                throw new BtfMismatchException(what + " is " + number + ", which its " + size + " bits do not hold");
            }
            for (int i = 0; i < size; i++) {
                int in = at + (offset + i) / 8;
                int mask = 1 << (offset + i) % 8;
                to.put(in, (byte) ((number >> i & 1) != 0 ? to.get(in) | mask : to.get(in) & ~mask));
            }
        }
    }
}
