// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import io.ksplat.bpf.internal.libbpf.Errno;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * A BPF map with keys and values of Java types. It lives as long as its object.
 *
 * <pre>{@code
 * TypedMap<Integer, Long> counts = bpf.map("counts").typed(Integer.class, Long.class);
 * counts.putAll(Map.of(1, 10L, 2, 20L));
 * counts.entries().forEach((key, value) -> System.out.println(key + " " + value));
 * boolean was = counts.delete(1);
 * }</pre>
 */
public final class TypedMap<K, V> {
    private final BpfMap map;
    private final BtfCodec<K> keys;
    private final Function<V, byte[]> encode;
    private final Function<byte[], V> decode;

    TypedMap(BpfMap map, BtfCodec<K> keys, Function<V, byte[]> encode, Function<byte[], V> decode) {
        this.map = map;
        this.keys = keys;
        this.encode = encode;
        this.decode = decode;
    }

    /** Returns the value of a key; empty if there is none. An array has all its keys. */
    public Optional<V> get(K key) throws IOException {
        return map.lookup(keys.encode(key)).map(decode);
    }

    /** Sets the value of a key, which may have one already (BPF_ANY). */
    public void put(K key, V value) throws IOException {
        map.update(keys.encode(key), encode.apply(value), 0);
    }

    /**
     * Deletes an element.
     *
     * @return false if there was none
     */
    public boolean delete(K key) throws IOException {
        try {
            map.delete(keys.encode(key));
            return true;
        } catch (BpfException e) {
            if (e.errno() == Errno.ENOENT) {
                return false;
            }
            throw e;
        }
    }

    /** Returns all keys, in the kernel's order. */
    public List<K> keys() throws IOException {
        return map.keys().stream().map(keys::decode).toList();
    }

    /** Returns all elements, in the kernel's order; in batches if the map type has them, see {@link BpfMap}. */
    public Map<K, V> entries() throws IOException {
        Map<K, V> entries = new LinkedHashMap<>();
        for (Map.Entry<byte[], byte[]> entry : map.entries()) {
            entries.put(keys.decode(entry.getKey()), decode.apply(entry.getValue()));
        }
        return entries;
    }

    /** Sets many elements; in batches if the map type has them. If one is refused, some others are set. */
    public void putAll(Map<K, V> entries) throws IOException {
        List<Map.Entry<byte[], byte[]>> bytes = new ArrayList<>();
        entries.forEach((key, value) -> bytes.add(Map.entry(keys.encode(key), encode.apply(value))));
        map.updateAll(bytes, 0);
    }
}
