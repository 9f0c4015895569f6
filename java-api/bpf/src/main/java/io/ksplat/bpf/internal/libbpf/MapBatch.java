// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The elements of a map that one BPF_MAP_LOOKUP_BATCH returned.
 *
 * @param entries keys and values, as bytes
 * @param next the position of the next batch; empty after the last one
 */
public record MapBatch(List<Map.Entry<byte[], byte[]>> entries, Optional<byte[]> next) {
    public MapBatch {
        entries = List.copyOf(entries);
    }

    /** Makes a batch from the keys and values in the arrays that the kernel fills. */
    public static MapBatch of(int count, byte[] keys, byte[] values, Optional<byte[]> next) {
        List<Map.Entry<byte[], byte[]>> entries = new ArrayList<>();
        int key = count == 0 ? 0 : keys.length / count;
        int value = count == 0 ? 0 : values.length / count;
        for (int i = 0; i < count; i++) {
            entries.add(Map.entry(
                    Arrays.copyOfRange(keys, i * key, (i + 1) * key),
                    Arrays.copyOfRange(values, i * value, (i + 1) * value)));
        }
        return new MapBatch(entries, next);
    }
}
