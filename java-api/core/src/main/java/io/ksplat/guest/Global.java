// SPDX-License-Identifier: Apache-2.0
package io.ksplat.guest;

import com.google.protobuf.ByteString;
import io.ksplat.guest.proto.GlobalWrite;
import io.ksplat.guest.proto.Request;
import io.ksplat.libbpf.BtfType;
import io.ksplat.libbpf.GlobalVariable;
import io.ksplat.vm.MachineException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A global variable of a loaded BPF object. It is read from outside, by its physical address: a dead guest's counters still count.
 */
public final class Global {
    private static final int PAGE = 4096;

    private final Guest guest;
    private final int handle;
    private final GlobalVariable variable;
    private final BpfMap section;

    Global(Guest guest, int handle, GlobalVariable variable, BpfMap section) {
        this.guest = guest;
        this.handle = handle;
        this.variable = variable;
        this.section = section;
    }

    public String name() {
        return variable.name();
    }

    boolean isOf(int object) {
        return handle == object;
    }

    /** Its value as a number, as C would widen it to 64 bits. */
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
                throw new IllegalStateException(name() + " is no number but " + variable.type() + ": use bytes()");
        };
    }

    /** Where its first byte lies in the guest's memory, and all of it where it is a number, which no page's end divides. */
    public long physicalAddress() throws IOException {
        return page(variable.offset() / PAGE) + variable.offset() % PAGE;
    }

    /** In bytes. */
    public int size() {
        return variable.size();
    }

    /** Its bytes, in the guest's order. */
    public byte[] bytes() throws IOException {
        ByteBuffer value = ByteBuffer.allocate(variable.size());
        for (int done = 0; done < variable.size(); ) {
            int at = variable.offset() + done;
            int chunk = Math.min(variable.size() - done, PAGE - at % PAGE);
            value.put(guest.vm().readPhysical(page(at / PAGE) + at % PAGE, chunk));
            done += chunk;
        }
        return value.array();
    }

    /** Sets a number, through the agent. */
    public void set(long value) throws IOException {
        if (variable.size() > Long.BYTES) {
            throw new IllegalStateException(name() + " is no number but " + variable.type());
        }
        byte[] wide = ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
        guest.agent()
                .call(Request.newBuilder()
                        .setGlobalWrite(GlobalWrite.newBuilder()
                                .setHandle(handle)
                                .setSection(variable.section())
                                .setOffset(variable.offset())
                                .setData(ByteString.copyFrom(wide, 0, variable.size()))));
    }

    private long page(int index) throws MachineException {
        if (index >= section.pages().size()) {
            throw new MachineException("the agent told no physical address for page " + index + " of "
                    + variable.section() + ", where " + name() + " lies");
        }
        return section.pages().get(index);
    }
}
