// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import io.ksplat.bpf.BpfException;
import io.ksplat.bpf.BtfMismatchException;
import io.ksplat.bpf.internal.jna.Libbpf;
import io.ksplat.bpf.internal.jna.Libc;
import io.ksplat.bpf.internal.jna.SizeT;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A map of a {@link RunningObject}; it ends with the object. A value of a per-CPU map has all possible CPUs, each rounded up to 8 bytes. */
public final class RunningMap {
    private static final int ARRAY = 2;
    private static final int RINGBUF = 27;
    /** PERCPU_HASH, PERCPU_ARRAY, LRU_PERCPU_HASH, PERCPU_CGROUP_STORAGE (include/uapi/linux/bpf.h). */
    private static final Set<Integer> PER_CPU = Set.of(5, 6, 10, 21);

    private static final int F_MMAPABLE = 1 << 10;
    private static final int F_RDONLY_PROG = 1 << 7;
    private static final int PROT_READ = 1;
    private static final int PROT_WRITE = 2;
    private static final int MAP_SHARED = 1;

    private final Lifetime life;
    private final String name;
    private final int fd;
    private final int type;
    private final int keySize;
    private final int valueSize;
    private final int valueBytes;
    private final int maxEntries;
    private final Optional<Mapping> mapping;

    /** A mapping of the values into this process, to read and write global variables without a system call. */
    private record Mapping(Pointer at, long length, boolean writable) {}

    private RunningMap(Lifetime life, Libbpf.BpfMap map) throws BpfException {
        this.life = life;
        this.name = OpenedObject.label(map);
        this.fd = Libbpf.bpf_map__fd(map);
        this.type = Libbpf.bpf_map__type(map);
        this.keySize = Libbpf.bpf_map__key_size(map);
        this.valueSize = Libbpf.bpf_map__value_size(map);
        this.maxEntries = Libbpf.bpf_map__max_entries(map);
        this.valueBytes = PER_CPU.contains(type) ? roundUp(valueSize) * Libbpf.libbpf_num_possible_cpus() : valueSize;
        int flags = Libbpf.bpf_map__map_flags(map);
        this.mapping = type == ARRAY && (flags & F_MMAPABLE) != 0
                ? Optional.of(mapped((flags & F_RDONLY_PROG) == 0))
                : Optional.empty();
    }

    static RunningMap of(Lifetime life, Libbpf.BpfMap map) throws BpfException {
        return new RunningMap(life, map);
    }

    private Mapping mapped(boolean writable) throws BpfException {
        long length = (long) roundUp(valueSize) * maxEntries;
        Pointer at = Libc.mmap(null, new SizeT(length), PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
        if (Pointer.nativeValue(at) == -1) {
            throw new BpfException("map the values of " + name, Native.getLastError(), "");
        }
        return new Mapping(at, length, writable);
    }

    private static int roundUp(int bytes) {
        return bytes + 7 & ~7;
    }

    void unmap() {
        mapping.ifPresent(values -> Libc.munmap(values.at, new SizeT(values.length)));
    }

    public String name() {
        return name;
    }

    public int keySize() {
        return keySize;
    }

    /** Returns the size of the value of one CPU, in bytes. */
    public int valueSize() {
        return valueSize;
    }

    public int maxEntries() {
        return maxEntries;
    }

    public boolean isPerCpu() {
        return PER_CPU.contains(type);
    }

    public Optional<byte[]> lookup(byte[] key) throws IOException {
        requireKey(key);
        return call("look up in map " + name, call -> {
            try (Memory keyBytes = memory(key);
                    Memory value = memory(new byte[valueBytes])) {
                int error = Libbpf.bpf_map_lookup_elem_flags(fd, orNull(keyBytes, keySize), value, 0);
                if (error == -Errno.ENOENT) {
                    return Optional.empty();
                }
                call.check(error);
                return Optional.of(value.getByteArray(0, valueBytes));
            }
        });
    }

    public void update(byte[] key, byte[] value, long flags) throws IOException {
        requireKey(key);
        requireValue(value);
        call("update map " + name, call -> {
            try (Memory keyBytes = memory(key);
                    Memory valueMemory = memory(value)) {
                return call.check(Libbpf.bpf_map_update_elem(fd, orNull(keyBytes, keySize), valueMemory, flags));
            }
        });
    }

    public void delete(byte[] key) throws IOException {
        requireKey(key);
        call("delete from map " + name, call -> {
            try (Memory keyBytes = memory(key)) {
                return call.check(Libbpf.bpf_map_delete_elem(fd, keyBytes));
            }
        });
    }

    /** Returns keys, up to a limit: if a hash map changes meanwhile, the walk may never end. */
    public List<byte[]> keys(int limit) throws IOException {
        return call("keys of map " + name, call -> {
            List<byte[]> keys = new ArrayList<>();
            try (Memory previous = memory(new byte[keySize]);
                    Memory next = memory(new byte[keySize])) {
                while (keys.size() < limit) {
                    int error = Libbpf.bpf_map_get_next_key(fd, keys.isEmpty() ? null : previous, next);
                    if (error == -Errno.ENOENT) {
                        break;
                    }
                    call.check(error);
                    byte[] key = next.getByteArray(0, keySize);
                    previous.write(0, key, 0, keySize);
                    keys.add(key);
                }
            }
            return keys;
        });
    }

    /** Reads elements with BPF_MAP_LOOKUP_BATCH. */
    public MapBatch lookupBatch(Optional<byte[]> from, int most) throws IOException {
        return call("look up a batch in map " + name, call -> {
            int token = Math.max(keySize, Integer.BYTES);
            try (Memory in = memory(from.orElse(new byte[token]));
                    Memory out = memory(new byte[token]);
                    Memory keys = new Memory((long) keySize * most + 1);
                    Memory values = new Memory((long) valueBytes * most + 1);
                    Memory count = new Memory(4);
                    Memory options = batchOptions(0)) {
                count.setInt(0, most);
                int error = Libbpf.bpf_map_lookup_batch(
                        fd, from.isPresent() ? in : null, out, keys, values, count, options);
                boolean last = error == -Errno.ENOENT;
                call.check(last ? 0 : error);
                int n = count.getInt(0);
                return MapBatch.of(
                        n,
                        keys.getByteArray(0, n * keySize),
                        values.getByteArray(0, n * valueBytes),
                        last ? Optional.empty() : Optional.of(out.getByteArray(0, token)));
            }
        });
    }

    /** Sets elements with BPF_MAP_UPDATE_BATCH. */
    public void updateBatch(List<Map.Entry<byte[], byte[]>> entries, long flags) throws IOException {
        entries.forEach(entry -> {
            requireKey(entry.getKey());
            requireValue(entry.getValue());
        });
        call("update a batch in map " + name, call -> {
            try (Memory keys = new Memory((long) keySize * entries.size() + 1);
                    Memory values = new Memory((long) valueBytes * entries.size() + 1);
                    Memory count = new Memory(4);
                    Memory options = batchOptions(flags)) {
                for (int i = 0; i < entries.size(); i++) {
                    keys.write((long) i * keySize, entries.get(i).getKey(), 0, keySize);
                    values.write((long) i * valueBytes, entries.get(i).getValue(), 0, valueBytes);
                }
                count.setInt(0, entries.size());
                return call.check(Libbpf.bpf_map_update_batch(fd, keys, values, count, options));
            }
        });
    }

    /** Reads bytes of memory-mapped values, for example of a data section. */
    public byte[] read(int offset, int length) throws IOException {
        return life.during(() -> mapping(offset, length).at.getByteArray(offset, length));
    }

    /** Writes to memory-mapped values. Writes an aligned word at once: a program may read its variable meanwhile. */
    public void write(int offset, byte[] bytes) throws IOException {
        life.during(() -> {
            Mapping to = mapping(offset, bytes.length);
            if (!to.writable) {
                throw new BpfException(
                        "write to " + name + ", which the kernel froze when it was loaded: set it before loading",
                        1,
                        "");
            }
            if (bytes.length == Long.BYTES && offset % Long.BYTES == 0) {
                to.at.setLong(offset, BtfScalar.readBits(ByteBuffer.wrap(bytes), 0, Long.BYTES));
            } else if (bytes.length == Integer.BYTES && offset % Integer.BYTES == 0) {
                to.at.setInt(offset, (int) BtfScalar.readBits(ByteBuffer.wrap(bytes), 0, Integer.BYTES));
            } else {
                to.at.write(offset, bytes, 0, bytes.length);
            }
            return offset;
        });
    }

    /**
     * Opens a consumer of a ring buffer.
     *
     * @throws IllegalArgumentException if the map is not a ring buffer
     */
    public RunningRing ring() throws IOException {
        if (type != RINGBUF) {
            throw new IllegalArgumentException(name + " is not a ring buffer: its map type is " + type);
        }
        return life.during(() -> RunningRing.of(life, name, fd));
    }

    private Mapping mapping(int offset, int length) throws BpfException {
        Mapping values = mapping.orElseThrow(
                () -> new BpfException("reach the values of " + name + ", which are not memory-mapped", 0, ""));
        if (offset < 0 || (long) offset + length > values.length) {
            throw new BpfException(
                    "reach " + length + " bytes at " + offset + " of " + name + ", which has " + values.length, 34, "");
        }
        return values;
    }

    private void requireKey(byte[] key) {
        if (key.length != keySize) {
            throw new BtfMismatchException(
                    "map " + name + " takes keys of " + keySize + " bytes, this has " + key.length);
        }
    }

    private void requireValue(byte[] value) {
        if (value.length != valueBytes) {
            throw new BtfMismatchException(
                    "map " + name + " takes values of " + valueBytes + " bytes, this has " + value.length);
        }
    }

    /** A queue has no key. */
    private static @Nullable Pointer orNull(Memory memory, int size) {
        return size == 0 ? null : memory;
    }

    private static Memory memory(byte[] bytes) {
        Memory memory = new Memory(bytes.length + 1L);
        memory.clear();
        memory.write(0, bytes, 0, bytes.length);
        return memory;
    }

    /** struct bpf_map_batch_opts. */
    private static Memory batchOptions(long elementFlags) {
        Memory options = new Memory(24);
        options.setLong(0, options.size());
        options.setLong(8, elementFlags);
        options.setLong(16, 0);
        return options;
    }

    private record Attempt(NativeCall call, String what) {
        int check(int error) throws BpfException {
            if (error < 0) {
                throw call.refused(what, -error);
            }
            return error;
        }
    }

    @FunctionalInterface
    private interface Operation<T> {
        T run(Attempt attempt) throws IOException;
    }

    private <T> T call(String what, Operation<T> operation) throws IOException {
        return life.during(() -> {
            try (NativeCall call = NativeCall.open()) {
                return operation.run(new Attempt(call, what));
            }
        });
    }
}
