// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.ksplat.bpf.internal.libbpf.KernelBtf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Kernels' BTF, made by hand (Documentation/bpf/btf.rst). */
final class Btf {
    private Btf() {}

    /** Returns a kernel's BTF with one void function of each name. */
    static KernelBtf with(String... functions) throws IOException {
        byte[] names = ("\0" + String.join("\0", functions) + "\0").getBytes(UTF_8);
        ByteBuffer types = ByteBuffer.allocate(12 + 12 * functions.length).order(ByteOrder.LITTLE_ENDIAN);
        types.putInt(0).putInt(13 << 24).putInt(0);
        int name = 1;
        for (String function : functions) {
            types.putInt(name).putInt(12 << 24 | 1).putInt(1);
            name += function.length() + 1;
        }
        ByteBuffer btf =
                ByteBuffer.allocate(24 + types.capacity() + names.length).order(ByteOrder.LITTLE_ENDIAN);
        btf.putShort((short) 0xeb9f).put((byte) 1).put((byte) 0).putInt(24);
        btf.putInt(0).putInt(types.capacity()).putInt(types.capacity()).putInt(names.length);
        return KernelBtf.parse(btf.put(types.array()).put(names).array());
    }
}
