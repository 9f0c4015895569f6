// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import io.ksplat.bpf.internal.libbpf.BtfField;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Turns a Java type to and from the bytes of a C type, as BTF lays it out, little-endian. Both are compared once, when the codec is
 * made; nothing is widened or cut silently. Immutable; any thread may use it.
 *
 * <table>
 * <caption>What fits what</caption>
 * <tr><th>C</th><th>Java</th></tr>
 * <tr><td>integers, plain char, pointers</td><td>byte, short, int or long (or their boxes) of the same size; an unsigned one keeps its
 * bits, see {@link Integer#toUnsignedLong}</td></tr>
 * <tr><td>_Bool</td><td>boolean</td></tr>
 * <tr><td>float, double</td><td>float, double</td></tr>
 * <tr><td>enum</td><td>an enum whose constants have the C names, or an integer</td></tr>
 * <tr><td>char[n]</td><td>String in UTF-8, to the first NUL; at most n - 1 bytes are written</td></tr>
 * <tr><td>array</td><td>array or List of what fits the element; lengths are equal</td></tr>
 * <tr><td>struct</td><td>record: each component has the name of a member, as in C or in camel case ({@code heldSince} for
 * {@code held_since}), in any order, and each named member has a component. Members of anonymous structs count as the struct's own.
 * What the kernel keeps for itself (pointers, and structs named {@code bpf_...} such as bpf_spin_lock) may be left out, and is written
 * as zero</td></tr>
 * <tr><td>bitfield</td><td>an integer that has the bits; what does not fit is refused</td></tr>
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
     * A codec for a Java type.
     *
     * @param what whose value it is, for messages: "value of map slots"
     * @throws BtfMismatchException where the types do not fit, naming the component and the member
     */
    public static <T> BtfCodec<T> of(Class<T> java, BtfType type, String what) {
        return new BtfCodec<>(BtfField.of(java, type, what), type.size());
    }

    /** Of a value, in bytes. */
    public int size() {
        return size;
    }

    /**
     * The bytes of a value, {@link #size} of them.
     *
     * @throws BtfMismatchException where something in the value does not fit its place
     */
    public byte[] encode(T value) {
        ByteBuffer bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        field.write(bytes, 0, value);
        return bytes.array();
    }

    /**
     * The value of bytes.
     *
     * @param bytes exactly {@link #size} of them
     * @throws BtfMismatchException where they say what the Java type cannot: a number that no constant of an enum has, say
     */
    @SuppressWarnings("unchecked") // the field was made for T
    public T decode(byte[] bytes) {
        if (bytes.length != size) {
            throw new BtfMismatchException(bytes.length + " bytes where the type has " + size);
        }
        return (T) field.read(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN), 0);
    }
}
