// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.snapshot;

import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.internal.qemu.HostTools;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Restores machines in advance, while others still run; they are stopped until they are taken. Restores only machines that were
 * announced, and never more than a limit at once. Thread-safe.
 */
final class StandbyPool implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StandbyPool.class);

    /** The time limit for a restore that runs at {@link #close}. The guard of a machine that is restored later ends it with this process. */
    private static final Duration LAST_RESTORE = Duration.ofSeconds(5);

    private final HostTools tools;
    private final Deque<Ready> ready = new ArrayDeque<>();
    private Optional<Template> wanted = Optional.empty();
    private int more;
    private int limit;
    private boolean filling;
    private boolean closed;

    StandbyPool(HostTools tools) {
        this.tools = tools;
    }

    private record Ready(Template template, RestoredMachine machine) {}

    /** Sets how many machines to restore in advance (default 0). */
    synchronized void limit(int machines) {
        limit = machines;
    }

    /**
     * Returns a machine that was restored in advance; restores one if there is none.
     *
     * @param more the number of machines of the same template that will be wanted after this one
     * @throws IOException if it has to be restored now, and that fails
     */
    RestoredMachine take(Template template, int more) throws IOException {
        List<RestoredMachine> dead = new ArrayList<>();
        Optional<RestoredMachine> found = find(template, more, dead);
        for (RestoredMachine machine : dead) {
            machine.close();
        }
        return found.isPresent() ? found.get() : template.prepare(tools);
    }

    private synchronized Optional<RestoredMachine> find(Template template, int more, List<RestoredMachine> dead) {
        Optional<RestoredMachine> found = Optional.empty();
        for (Iterator<Ready> left = ready.iterator(); left.hasNext() && found.isEmpty(); ) {
            Ready one = left.next();
            if (one.template == template) {
                left.remove();
                if (one.machine.isAlive()) {
                    found = Optional.of(one.machine);
                } else {
                    dead.add(one.machine);
                }
            }
        }
        wanted = Optional.of(template);
        this.more = more;
        if (!filling && next().isPresent()) {
            filling = true;
            Thread thread = new Thread(this::fill, "ksplat-pool");
            thread.setDaemon(true);
            thread.start();
        }
        return found;
    }

    /** Returns the template to restore next, if any. */
    private synchronized Optional<Template> next() {
        long standing = wanted.stream()
                .flatMap(template -> ready.stream().filter(one -> one.template == template))
                .count();
        return closed || standing >= Math.min(limit, more) ? Optional.empty() : wanted;
    }

    private void fill() {
        try {
            for (Optional<Template> template = begin(); template.isPresent(); template = begin()) {
                makeRoomFor(template.get());
                add(template.get(), template.get().prepare(tools));
            }
        } catch (IOException | RuntimeException e) {
            // The next caller of take() restores a machine itself, and reports why that fails.
            LOG.debug("restoring a machine in advance", e);
        } finally {
            synchronized (this) {
                filling = false;
                notifyAll();
            }
        }
    }

    private synchronized Optional<Template> begin() {
        Optional<Template> next = next();
        // Under the same lock as next(): a caller that asks for more after this starts another thread.
        filling = next.isPresent();
        return next;
    }

    private void makeRoomFor(Template template) throws IOException {
        Optional<Ready> other;
        synchronized (this) {
            other = ready.size() < limit
                    ? Optional.empty()
                    : ready.stream().filter(one -> one.template != template).findFirst();
            other.ifPresent(ready::remove);
        }
        if (other.isPresent()) {
            other.get().machine.close();
        }
    }

    private void add(Template template, RestoredMachine machine) throws IOException {
        boolean late;
        synchronized (this) {
            late = closed;
            if (!late) {
                ready.add(new Ready(template, machine));
            }
        }
        if (late) {
            machine.close();
        }
    }

    /** Waits until no machine is being restored. */
    synchronized void awaitIdle(Duration patience) {
        Deadline deadline = Deadline.in(patience);
        while (filling && !deadline.expired()) {
            try {
                wait(deadline.remainingMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /** Returns the number of machines that are ready. */
    synchronized long living() {
        return ready.stream().filter(one -> one.machine.isAlive()).count();
    }

    /** Ends all machines that are ready, and waits for one that is being restored. */
    @Override
    public void close() {
        List<Ready> left;
        synchronized (this) {
            closed = true;
        }
        awaitIdle(LAST_RESTORE);
        synchronized (this) {
            left = List.copyOf(ready);
            ready.clear();
        }
        for (Ready one : left) {
            try {
                one.machine.close();
            } catch (IOException e) {
                LOG.warn("a machine that was restored in advance did not end: {}", e.getMessage());
            }
        }
    }
}
