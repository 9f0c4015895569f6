// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal;

import io.ksplat.bpf.BtfCodec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Converts the values of all possible CPUs, which follow each other, each rounded up to 8 bytes.
 *
 * @param size the size of one value, not rounded up
 */
public record PerCpu<V>(BtfCodec<V> codec, int size) {
    private int stride() {
        return size + 7 & ~7;
    }

    public byte[] encode(List<V> values) {
        byte[] bytes = new byte[stride() * values.size()];
        for (int cpu = 0; cpu < values.size(); cpu++) {
            System.arraycopy(codec.encode(values.get(cpu)), 0, bytes, cpu * stride(), size);
        }
        return bytes;
    }

    public List<V> decode(byte[] bytes) {
        List<V> values = new ArrayList<>();
        for (int at = 0; at < bytes.length; at += stride()) {
            values.add(codec.decode(Arrays.copyOfRange(bytes, at, at + size)));
        }
        return List.copyOf(values);
    }
}
