// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

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

/** The machines of a launch that were frozen after their set-up, those that were used last. Thread-safe. */
final class Checkpoints implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);

    /** Each takes some 100 MB of the disk, as much of the page cache, and no process. */
    private static final int KEPT = 16;

    private final Map<Key, SetUp> made = new LinkedHashMap<>(KEPT, 0.75f, true);
    private final Set<Key> claimed = new HashSet<>();
    private boolean closed;

    /** What is done to a machine before it is frozen is the same where all of this is. */
    record Key(Subject subject, String kernel) {}

    /**
     * A machine after its set-up, and what Java knows of it.
     *
     * @param symbols those of the kernel and of the programs
     * @param bpf the object of the file that the class names
     * @param loaded what the set-up loaded besides, by source
     */
    record SetUp(
            Snapshot checkpoint,
            Symbols symbols,
            Optional<BpfObject> bpf,
            Map<String, BpfObject> loaded,
            List<SelfCheck> checkers) {
        SetUp {
            checkers = List.copyOf(checkers);
            loaded = Map.copyOf(loaded);
        }
    }

    synchronized Optional<SetUp> find(Key key) {
        return Optional.ofNullable(made.get(key));
    }

    /** Whether the caller is the one to make it: each is tried once, and meanwhile the others do without. */
    synchronized boolean claim(Key key) {
        return !closed && claimed.add(key);
    }

    void add(Key key, SetUp setUp) {
        Optional<SetUp> surplus = Optional.empty();
        synchronized (this) {
            if (closed) {
                surplus = Optional.of(setUp);
            } else {
                made.put(key, setUp);
                if (made.size() > KEPT) {
                    Iterator<SetUp> oldest = made.values().iterator();
                    surplus = Optional.of(oldest.next());
                    oldest.remove();
                }
            }
        }
        surplus.ifPresent(Checkpoints::close);
    }

    /** Forgets one that was of no use; it is not made again. */
    void remove(Key key) {
        Optional<SetUp> useless;
        synchronized (this) {
            useless = Optional.ofNullable(made.remove(key));
        }
        useless.ifPresent(Checkpoints::close);
    }

    private static void close(SetUp setUp) {
        try {
            setUp.checkpoint.close();
        } catch (IOException e) {
            LOG.warn("a frozen machine's files were not removed: {}", e.getMessage());
        }
    }

    @Override
    public void close() {
        Set<SetUp> all;
        synchronized (this) {
            closed = true;
            all = new HashSet<>(made.values());
            made.clear();
        }
        all.forEach(Checkpoints::close);
    }
}
