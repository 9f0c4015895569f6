// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import io.ksplat.bpf.BtfMismatchException;
import io.ksplat.bpf.BtfType;
import java.lang.reflect.Array;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** C arrays, as Java's strings, bytes, arrays and lists. */
final class BtfArrays {
    private BtfArrays() {}

    static BtfField raw(int bytes, String what) {
        return new BytesField(bytes, what);
    }

    static BtfField text(BtfType type, String what) {
        if (type instanceof BtfType.Array array && array.element() instanceof BtfType.Char) {
            return new StringField(array.length(), what);
        }
        throw BtfField.mismatch(what, String.class, type);
    }

    static BtfField array(Class<?> java, BtfType.Array type, String what) {
        Class<?> element = java.getComponentType();
        return new ArrayField(
                element,
                BtfField.of(element, type.element(), what + "[]"),
                type.element().size(),
                type.length(),
                what);
    }

    static BtfField list(Type java, BtfType.Array type, String what) {
        if (!(java instanceof ParameterizedType list)) {
            throw new BtfMismatchException(
                    what + " is a raw List: write the type of its elements, for example List<Long>");
        }
        BtfField element = BtfField.of(list.getActualTypeArguments()[0], type.element(), what + "[]");
        return new ListField(element, type.element().size(), type.length(), what);
    }

    private static void requireLength(String what, int has, int wanted, String unit) {
        if (has != wanted) {
            throw new BtfMismatchException(what + " has " + has + " " + unit + " in Java and " + wanted + " in C");
        }
    }

    private record BytesField(int length, String what) implements BtfField {
        @Override
        public Object read(ByteBuffer from, int at) {
            byte[] bytes = new byte[length];
            from.get(at, bytes);
            return bytes;
        }

        @Override
        public void write(ByteBuffer to, int at, Object value) {
            byte[] bytes = (byte[]) value;
            requireLength(what, bytes.length, length, "bytes");
            to.put(at, bytes);
        }
    }

    private record StringField(int length, String what) implements BtfField {
        @Override
        public Object read(ByteBuffer from, int at) {
            byte[] bytes = new byte[length];
            from.get(at, bytes);
            int end = 0;
            while (end < length && bytes[end] != 0) {
                end++;
            }
            return new String(bytes, 0, end, StandardCharsets.UTF_8);
        }

        @Override
        public void write(ByteBuffer to, int at, Object value) {
            byte[] bytes = ((String) value).getBytes(StandardCharsets.UTF_8);
            if (bytes.length >= length) {
                throw new BtfMismatchException(what + " has " + bytes.length + " bytes and its NUL, and char[" + length
                        + "] has no room for them: \"" + value + "\"");
            }
            to.put(at, bytes);
            for (int i = bytes.length; i < length; i++) {
                to.put(at + i, (byte) 0);
            }
        }
    }

    private record ArrayField(Class<?> java, BtfField element, int stride, int length, String what)
            implements BtfField {
        @Override
        public Object read(ByteBuffer from, int at) {
            Object array = Array.newInstance(java, length);
            for (int i = 0; i < length; i++) {
                Array.set(array, i, element.read(from, at + i * stride));
            }
            return array;
        }

        @Override
        public void write(ByteBuffer to, int at, Object value) {
            requireLength(what, Array.getLength(value), length, "elements");
            for (int i = 0; i < length; i++) {
                element.write(to, at + i * stride, Array.get(value, i));
            }
        }
    }

    private record ListField(BtfField element, int stride, int length, String what) implements BtfField {
        @Override
        public Object read(ByteBuffer from, int at) {
            List<Object> items = new ArrayList<>();
            for (int i = 0; i < length; i++) {
                items.add(element.read(from, at + i * stride));
            }
            return List.copyOf(items);
        }

        @Override
        public void write(ByteBuffer to, int at, Object value) {
            List<?> items = (List<?>) value;
            requireLength(what, items.size(), length, "elements");
            for (int i = 0; i < length; i++) {
                element.write(to, at + i * stride, items.get(i));
            }
        }
    }
}
