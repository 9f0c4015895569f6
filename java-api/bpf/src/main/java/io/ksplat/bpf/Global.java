// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A global variable of a loaded BPF object. A machine's variables are read from outside, by physical address, so they can be read when
 * the guest is dead.
 *
 * <pre>{@code
 * record Tally(long count, int last) {}
 *
 * bpf.global("target_pid").set(1);
 * Global dropped = bpf.global("dropped");
 * System.out.println(dropped.name() + " = " + dropped.get());
 * Tally tally = bpf.global("tally").as(Tally.class);
 * bpf.global("tally").set(new Tally(0, -1));
 * }</pre>
 */
public final class Global {
    private final BpfObject object;
    private final GlobalVariable variable;

    Global(BpfObject object, GlobalVariable variable) {
        this.object = object;
        this.variable = variable;
    }

    /** Returns its C name. */
    public String name() {
        return variable.name();
    }

    boolean isOf(long handle) {
        return object.handle() == handle;
    }

    /** Returns its C type. */
    public BtfType type() {
        return variable.type();
    }

    /** Returns its value as a number, widened to 64 bits as in C. */
    public long get() throws IOException {
        byte[] bytes = bytes();
        ByteBuffer value = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        boolean signed = variable.type() instanceof BtfType.Int number && number.signed();
        return switch (bytes.length) {
            case 1 -> signed ? value.get() : value.get() & 0xffL;
            case 2 -> signed ? value.getShort() : value.getShort() & 0xffffL;
            case 4 -> signed ? value.getInt() : value.getInt() & 0xffffffffL;
            case 8 -> value.getLong();
            default ->
                throw new IllegalStateException(
                        name() + " is not a number but " + variable.type() + ": use as() or bytes()");
        };
    }

    /**
     * Returns its value as a Java type: a record for a struct, a String for text, see {@link BtfCodec}.
     *
     * @throws BtfMismatchException if the type does not fit; the message says what does not
     */
    public <T> T as(Class<T> java) throws IOException {
        return BtfCodec.of(java, variable.type(), name()).decode(bytes());
    }

    /**
     * Returns the address of its first byte in the guest's memory. All bytes of a number follow each other there: no number crosses a page.
     *
     * @throws UnsupportedOperationException if it is in the running kernel
     */
    public long physicalAddress() throws IOException {
        return object.backend().physicalAddress(variable);
    }

    /** Returns its size in bytes. */
    public int size() {
        return variable.size();
    }

    /** Returns its bytes, little-endian. */
    public byte[] bytes() throws IOException {
        return object.backend().read(variable);
    }

    /** Sets a number. */
    public void set(long value) throws IOException {
        object.backend().write(variable, numberBytes(variable, value));
    }

    /**
     * Sets a value of any type: a record for a struct, a String for text, see {@link BtfCodec}.
     *
     * @throws BtfMismatchException if the type of the value does not fit; the message says what does not
     */
    public void set(Object value) throws IOException {
        object.backend().write(variable, valueBytes(variable, value));
    }

    static byte[] numberBytes(GlobalVariable variable, long value) {
        boolean number = !(variable.type() instanceof BtfType.Struct || variable.type() instanceof BtfType.Array);
        int bits = 8 * variable.size();
        if (!number || variable.size() > Long.BYTES) {
            throw new BtfMismatchException(variable.name() + " is not a number but " + variable.type());
        }
        if (bits < Long.SIZE && value >> bits != 0 && value >> bits - 1 != -1) {
            throw new BtfMismatchException(
                    variable.name() + " has " + variable.size() + " bytes, which do not hold " + value);
        }
        byte[] wide = ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
        return java.util.Arrays.copyOf(wide, variable.size());
    }

    static byte[] valueBytes(GlobalVariable variable, Object value) {
        return value instanceof Number number && !(variable.type() instanceof BtfType.Real)
                ? numberBytes(variable, number.longValue())
                : encoded(value.getClass(), variable, value);
    }

    private static <T> byte[] encoded(Class<T> java, GlobalVariable variable, Object value) {
        return BtfCodec.of(java, variable.type(), variable.name()).encode(java.cast(value));
    }
}
