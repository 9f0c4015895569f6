// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import io.ksplat.bpf.internal.BpfBackend;
import io.ksplat.bpf.internal.PerCpu;
import io.ksplat.bpf.internal.libbpf.Errno;
import io.ksplat.bpf.internal.libbpf.MapBatch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A loaded BPF map. Keys and values are bytes, in the layout of the kernel; {@link #typed} gives them Java types.
 *
 * <p>{@link #entries} and {@link #updateAll} use the kernel's batch commands if the map type has them: hash and array maps, LRU and
 * per-CPU ones, and tries. If the kernel refuses them for a type (ENOTSUPP, EOPNOTSUPP or EINVAL: storage, device and socket maps and,
 * before 5.18, maps of maps), they handle one element after the other, with a call for each.
 *
 * <pre>{@code
 * record Slot(long task, int cpu) {}
 *
 * BpfMap map = bpf.map("slots");
 * Optional<byte[]> bytes = map.lookup(new byte[] {7, 0, 0, 0});
 *
 * TypedMap<Integer, Slot> slots = map.typed(Integer.class, Slot.class);
 * slots.put(7, new Slot(0, 1));
 * int cpu = slots.get(7).orElseThrow().cpu();
 * }</pre>
 */
public final class BpfMap {
    /** The limit for keys and values in a batch: much less than a frame to the agent can hold. */
    private static final int BATCH_BYTES = 1 << 20;

    private static final int BATCH_MOST = 4096;

    private final BpfObject object;
    private final BpfBackend.MapFacts map;
    private final BpfMapInfo info;
    private volatile boolean batches = true;

    BpfMap(BpfObject object, BpfBackend.MapFacts map, BpfMapInfo info) {
        this.object = object;
        this.map = map;
        this.info = info;
    }

    /** Returns its name in the source. */
    public String name() {
        return map.name();
    }

    /** Returns the size of a key in bytes; 0 for a map without keys, for example a queue. */
    public int keySize() {
        return map.keySize();
    }

    /** Returns the size of a value in bytes; in a per-CPU map, that of one CPU. */
    public int valueSize() {
        return map.valueSize();
    }

    /** Returns the number of elements that it can hold. */
    public int maxEntries() {
        return map.maxEntries();
    }

    /** Returns the value of a key; empty if there is none. A per-CPU map gives the values of all possible CPUs, each rounded up to 8 bytes. */
    public Optional<byte[]> lookup(byte[] key) throws IOException {
        return object.backend().lookup(name(), checked(key));
    }

    /**
     * Sets the value of a key.
     *
     * @param flags BPF_ANY, BPF_NOEXIST, BPF_EXIST or BPF_F_LOCK of bpf(2)
     */
    public void update(byte[] key, byte[] value, long flags) throws IOException {
        object.backend().update(name(), checked(key), value, flags);
    }

    /**
     * Deletes an element.
     *
     * @throws BpfException with ENOENT if there is no such key
     */
    public void delete(byte[] key) throws IOException {
        object.backend().delete(name(), checked(key));
    }

    /** All keys, in the kernel's order; at most 1,048,576. */
    public List<byte[]> keys() throws IOException {
        return object.backend().keys(name());
    }

    /**
     * Returns all elements, in the kernel's order. If the map changes meanwhile, an element may be missing or come twice.
     */
    public List<Map.Entry<byte[], byte[]>> entries() throws IOException {
        if (batches) {
            try {
                return readBatches();
            } catch (BpfException e) {
                fallBack(e);
            }
        }
        List<Map.Entry<byte[], byte[]>> entries = new ArrayList<>();
        for (byte[] key : keys()) {
            lookup(key).ifPresent(value -> entries.add(Map.entry(key, value)));
        }
        return entries;
    }

    private List<Map.Entry<byte[], byte[]>> readBatches() throws IOException {
        List<Map.Entry<byte[], byte[]>> entries = new ArrayList<>();
        Optional<byte[]> from = Optional.empty();
        int most = batchSize();
        // If a hash map changes meanwhile, the walk may never end.
        while (entries.size() <= maxEntries()) {
            try {
                MapBatch batch = object.backend().lookupBatch(name(), from, most);
                entries.addAll(batch.entries());
                if (batch.next().isEmpty()) {
                    break;
                }
                from = batch.next();
            } catch (BpfException e) {
                // a bucket of the hash holds more elements than that
                if (e.errno() != Errno.ENOSPC || most >= maxEntries()) {
                    throw e;
                }
                most = Math.min(2 * most, maxEntries());
            }
        }
        return entries;
    }

    /**
     * Sets many elements. If one is refused, those before it are set.
     *
     * @param flags as in {@link #update}
     */
    public void updateAll(List<Map.Entry<byte[], byte[]>> entries, long flags) throws IOException {
        int most = batchSize();
        int done = 0;
        while (batches && done < entries.size()) {
            int end = Math.min(entries.size(), done + most);
            try {
                object.backend().updateBatch(name(), entries.subList(done, end), flags);
                done = end;
            } catch (BpfException e) {
                fallBack(e);
            }
        }
        for (Map.Entry<byte[], byte[]> entry : entries.subList(done, entries.size())) {
            update(entry.getKey(), entry.getValue(), flags);
        }
    }

    /** Remembers that this map type has no batch commands; throws any other refusal. */
    private void fallBack(BpfException e) throws BpfException {
        switch (e.errno()) {
            case Errno.ENOTSUPP, Errno.EOPNOTSUPP, Errno.EINVAL -> batches = false;
            default -> throw e;
        }
    }

    private int batchSize() {
        int element = Math.max(1, keySize() + valueSize() * (map.perCpu() ? 64 : 1));
        return Math.max(1, Math.min(Math.min(maxEntries(), BATCH_MOST), BATCH_BYTES / element));
    }

    /**
     * Returns the map with keys and values of Java types, laid out as its BTF says, see {@link BtfCodec}.
     *
     * @throws BtfMismatchException if a type does not fit, with the names of component and member; if this map is per-CPU, see
     *     {@link #typedPerCpu}; if the object does not tell the types of the map
     */
    public <K, V> TypedMap<K, V> typed(Class<K> key, Class<V> value) {
        if (map.perCpu()) {
            throw new BtfMismatchException("map " + name() + " has a value for each CPU: use typedPerCpu()");
        }
        BtfCodec<V> codec = BtfCodec.of(value, type(info.value(), "value"), "value of map " + name());
        return new TypedMap<>(this, keyCodec(key), codec::encode, codec::decode);
    }

    /** As {@link #typed}, for a map with a value for each possible CPU. A list has the values by CPU number. */
    public <K, V> TypedMap<K, List<V>> typedPerCpu(Class<K> key, Class<V> value) {
        if (!map.perCpu()) {
            throw new BtfMismatchException("map " + name() + " has one value for all CPUs: use typed()");
        }
        PerCpu<V> codec =
                new PerCpu<>(BtfCodec.of(value, type(info.value(), "value"), "value of map " + name()), valueSize());
        return new TypedMap<>(this, keyCodec(key), codec::encode, codec::decode);
    }

    private <K> BtfCodec<K> keyCodec(Class<K> key) {
        return BtfCodec.of(key, type(info.key(), "key"), "key of map " + name());
    }

    private BtfType type(Optional<BtfType> type, String what) {
        return type.orElseThrow(() -> new BtfMismatchException("the object does not tell the type of the " + what
                + " of map " + name() + ": write __type(" + what + ", ...) in its definition"));
    }

    private byte[] checked(byte[] key) {
        if (key.length != keySize()) {
            throw new BtfMismatchException(
                    "map " + name() + " takes keys of " + keySize() + " bytes, this has " + key.length);
        }
        return key;
    }

    BpfObject object() {
        return object;
    }
}
