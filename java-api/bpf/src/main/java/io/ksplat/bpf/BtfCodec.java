// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import io.ksplat.bpf.internal.libbpf.BtfField;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Converts a Java type to and from the bytes of a C type, in the layout of its BTF, little-endian. The types are compared once, when the
 * codec is made. No number is widened or cut silently. Immutable; any thread may use it.
 *
 * <table>
 * <caption>The Java types that fit a C type</caption>
 * <tr><th>C</th><th>Java</th></tr>
 * <tr><td>integers, plain char, pointers</td><td>byte, short, int or long (or their boxes) of the same size; an unsigned number keeps its
 * bits, see {@link Integer#toUnsignedLong}</td></tr>
 * <tr><td>_Bool</td><td>boolean</td></tr>
 * <tr><td>float, double</td><td>float, double</td></tr>
 * <tr><td>enum</td><td>an enum whose constants have the C names, or an integer</td></tr>
 * <tr><td>char[n]</td><td>String in UTF-8, to the first NUL; at most n - 1 bytes are written</td></tr>
 * <tr><td>array</td><td>array or List, of a type that fits the element; the lengths must be equal</td></tr>
 * <tr><td>struct</td><td>record: each component has the name of a member, as in C or in camel case ({@code heldSince} for
 * {@code held_since}), in any order, and each named member has a component. Members of anonymous structs count as the struct's own.
 * Members that the kernel owns (pointers, and structs named {@code bpf_...} such as bpf_spin_lock) may be left out, and are written
 * as zero</td></tr>
 * <tr><td>bitfield</td><td>an integer with enough bits; a value that does not fit is refused</td></tr>
 * <tr><td>anything, unions too</td><td>byte[] of its size</td></tr>
 * </table>
 *
 * <pre>{@code
 * record Slot(int pid, String comm) {}
 *
 * BtfCodec<Slot> codec = BtfCodec.of(Slot.class, file.type("slot"), "a slot");
 * byte[] bytes = codec.encode(new Slot(7, "init"));
 * Slot same = codec.decode(bytes);
 * }</pre>
 */
public final class BtfCodec<T> {
    private final BtfField field;
    private final int size;

    private BtfCodec(BtfField field, int size) {
        this.field = field;
        this.size = size;
    }

    /**
     * Makes a codec.
     *
     * @param what names the value in messages, for example "value of map slots"
     * @throws BtfMismatchException if the types do not fit; the message names the component and the member
     */
    public static <T> BtfCodec<T> of(Class<T> java, BtfType type, String what) {
        return new BtfCodec<>(BtfField.of(java, type, what), type.size());
    }

    /** Returns the size of a value in bytes. */
    public int size() {
        return size;
    }

    /**
     * Converts a value to {@link #size} bytes.
     *
     * @throws BtfMismatchException if a part of the value does not fit its member
     */
    public byte[] encode(T value) {
        ByteBuffer bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        field.write(bytes, 0, value);
        return bytes.array();
    }

    /**
     * Converts bytes to a value.
     *
     * @param bytes exactly {@link #size} bytes
     * @throws BtfMismatchException if the Java type has no such value, for example no constant of an enum
     */
    @SuppressWarnings("unchecked") // the field was made for T
    public T decode(byte[] bytes) {
        if (bytes.length != size) {
            throw new BtfMismatchException(bytes.length + " bytes, but the type has " + size);
        }
        return (T) field.read(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN), 0);
    }
}
