// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.bpf.BpfObject;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.SelfCheck;
import io.ksplat.machine.internal.snapshot.Snapshot;
import java.io.IOException;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps the machines of a session that were frozen after their preparation, those that were used last. Thread-safe. */
public final class SnapshotCache implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotCache.class);

    /** Each takes some 100 MB of the disk, as much of the page cache, and no process. */
    private static final int KEPT = 16;

    private final Map<Key, Prepared> made = new LinkedHashMap<>(KEPT, 0.75f, true);
    private final Set<Key> claimed = new HashSet<>();
    private boolean closed;

    /**
     * What is done to a machine before it is frozen is the same if both of this are.
     *
     * @param scenario equal for scenarios with the same preparation
     * @param kernel the kernel's key
     */
    public record Key(Object scenario, String kernel) {}

    /**
     * A machine after its preparation, and what Java knows of it.
     *
     * @param symbols those of the kernel and of the programs
     * @param bpf the object of the scenario's own file
     * @param loaded what the preparation loaded besides, by source
     * @param processes those that the preparation started
     */
    public record Prepared(
            Snapshot snapshot,
            Symbols symbols,
            Optional<BpfObject> bpf,
            Map<String, BpfObject> loaded,
            List<SelfCheck> checks,
            ProcessControls processes) {
        public Prepared {
            checks = List.copyOf(checks);
            loaded = Map.copyOf(loaded);
        }
    }

    public synchronized Optional<Prepared> find(Key key) {
        return Optional.ofNullable(made.get(key));
    }

    /** Returns whether the caller is the one to make it: each is tried once, and meanwhile the others do without. */
    public synchronized boolean claim(Key key) {
        return !closed && claimed.add(key);
    }

    public void add(Key key, Prepared prepared) {
        Optional<Prepared> surplus = Optional.empty();
        synchronized (this) {
            if (closed) {
                surplus = Optional.of(prepared);
            } else {
                made.put(key, prepared);
                if (made.size() > KEPT) {
                    Iterator<Prepared> oldest = made.values().iterator();
                    surplus = Optional.of(oldest.next());
                    oldest.remove();
                }
            }
        }
        surplus.ifPresent(SnapshotCache::close);
    }

    /** Forgets one that was of no use; it is not made again. */
    public void remove(Key key) {
        Optional<Prepared> useless;
        synchronized (this) {
            useless = Optional.ofNullable(made.remove(key));
        }
        useless.ifPresent(SnapshotCache::close);
    }

    private static void close(Prepared prepared) {
        try {
            prepared.snapshot.close();
        } catch (IOException e) {
            LOG.warn("a snapshot's files were not removed: {}", e.getMessage());
        }
    }

    @Override
    public void close() {
        Set<Prepared> all;
        synchronized (this) {
            closed = true;
            all = new HashSet<>(made.values());
            made.clear();
        }
        all.forEach(SnapshotCache::close);
    }
}
