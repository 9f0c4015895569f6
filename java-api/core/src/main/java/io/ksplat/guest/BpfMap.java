// SPDX-License-Identifier: Apache-2.0
package io.ksplat.guest;

import com.google.protobuf.ByteString;
import io.ksplat.guest.proto.MapDelete;
import io.ksplat.guest.proto.MapKeys;
import io.ksplat.guest.proto.MapLookup;
import io.ksplat.guest.proto.MapUpdate;
import io.ksplat.guest.proto.Request;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** A loaded BPF map; keys and values are the kernel's bytes. */
public final class BpfMap {
    private static final int ENOENT = 2;

    private final AgentClient agent;
    private final int handle;
    private final io.ksplat.guest.proto.BpfMap map;

    BpfMap(AgentClient agent, int handle, io.ksplat.guest.proto.BpfMap map) {
        this.agent = agent;
        this.handle = handle;
        this.map = map;
    }

    public String name() {
        return map.getName();
    }

    public int keySize() {
        return map.getKeySize();
    }

    public int valueSize() {
        return map.getValueSize();
    }

    public int maxEntries() {
        return map.getMaxEntries();
    }

    /** Physical addresses of the pages that hold its values; empty where the map cannot be memory-mapped. */
    List<Long> pages() {
        return map.getPagesList();
    }

    /** The value of a key, all CPUs' one after the other for per-CPU maps; empty where there is none. */
    public Optional<byte[]> lookup(byte[] key) throws IOException {
        try {
            return Optional.of(agent.call(Request.newBuilder()
                            .setMapLookup(MapLookup.newBuilder()
                                    .setHandle(handle)
                                    .setMap(name())
                                    .setKey(ByteString.copyFrom(key))))
                    .getBytes()
                    .getData()
                    .toByteArray());
        } catch (AgentException e) {
            if (e.errno() == ENOENT) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * Sets the value of a key.
     *
     * @param flags BPF_ANY, BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK of bpf(2)
     */
    public void update(byte[] key, byte[] value, long flags) throws IOException {
        agent.call(Request.newBuilder()
                .setMapUpdate(MapUpdate.newBuilder()
                        .setHandle(handle)
                        .setMap(name())
                        .setKey(ByteString.copyFrom(key))
                        .setValue(ByteString.copyFrom(value))
                        .setFlags(flags)));
    }

    public void delete(byte[] key) throws IOException {
        agent.call(Request.newBuilder()
                .setMapDelete(
                        MapDelete.newBuilder().setHandle(handle).setMap(name()).setKey(ByteString.copyFrom(key))));
    }

    /** All keys, in the kernel's order. */
    public List<byte[]> keys() throws IOException {
        return agent
                .call(Request.newBuilder()
                        .setMapKeys(MapKeys.newBuilder().setHandle(handle).setMap(name())))
                .getKeys()
                .getKeysList()
                .stream()
                .map(ByteString::toByteArray)
                .toList();
    }
}
