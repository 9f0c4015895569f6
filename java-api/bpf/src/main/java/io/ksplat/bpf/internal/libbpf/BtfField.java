// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import io.ksplat.bpf.BtfMismatchException;
import io.ksplat.bpf.BtfType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads and writes a part of a C value as a Java value. */
public interface BtfField {
    /**
     * Reads the Java value.
     *
     * @param at the index of the first byte
     */
    Object read(ByteBuffer from, int at);

    /** Writes a Java value. */
    void write(ByteBuffer to, int at, Object value);

    /**
     * Makes a field for a Java type and a C type.
     *
     * @param what names the field in messages
     * @throws BtfMismatchException if the types do not fit
     */
    static BtfField of(Type java, BtfType type, String what) {
        Class<?> raw = raw(java, what);
        if (raw == byte[].class && !isBytes(type)) {
            return BtfArrays.raw(type.size(), what);
        }
        if (raw == String.class) {
            return BtfArrays.text(type, what);
        }
        if (raw.isRecord()) {
            if (type instanceof BtfType.Struct struct && !struct.union()) {
                return BtfRecord.of(raw.asSubclass(Record.class), struct, what);
            }
            throw mismatch(what, raw, type);
        }
        if (type instanceof BtfType.Array array && (raw.isArray() || raw == List.class)) {
            return raw.isArray() ? BtfArrays.array(raw, array, what) : BtfArrays.list(java, array, what);
        }
        if (type instanceof BtfType.Enumeration enumeration && raw.isEnum()) {
            return BtfScalar.constants(raw.asSubclass(Enum.class), enumeration, what);
        }
        return BtfScalar.of(raw, type, what).orElseThrow(() -> mismatch(what, raw, type));
    }

    private static boolean isBytes(BtfType type) {
        return type instanceof BtfType.Array array
                && BtfScalar.of(byte.class, array.element(), "").isPresent();
    }

    static Class<?> raw(Type java, String what) {
        if (java instanceof Class<?> plain) {
            return plain;
        }
        if (java instanceof ParameterizedType generic && generic.getRawType() instanceof Class<?> plain) {
            return plain;
        }
        throw new BtfMismatchException(what + " is of the Java type " + java + ", which fits no C type");
    }

    static BtfMismatchException mismatch(String what, Class<?> java, BtfType type) {
        Optional<String> fitting = Optional.ofNullable(
                Map.of(1, "byte", 2, "short", 4, "int", 8, "long").get(type.size()));
        boolean number = type instanceof BtfType.Int
                || type instanceof BtfType.Char
                || type instanceof BtfType.Ptr
                || type instanceof BtfType.Enumeration;
        String width =
                BtfScalar.width(java).map(bytes -> " (" + bytes + " bytes)").orElse("");
        return new BtfMismatchException(what + " is " + java.getSimpleName() + width + " in Java and "
                + CTypeName.of(type) + " (" + type.size() + " bytes) in C"
                + (number ? fitting.map(name -> ": make it " + name).orElse("") : ""));
    }
}
