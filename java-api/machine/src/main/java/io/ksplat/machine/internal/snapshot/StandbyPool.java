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
 * Machines that are restored while others still run, and stand still until they are wanted. It makes none that nobody announced, and
 * never has more than a bounded number. Thread-safe.
 */
final class StandbyPool implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StandbyPool.class);

    /** A machine that is not restored by then is ended by its guard, when this process ends. */
    private static final Duration LAST_RESTORE = Duration.ofSeconds(5);

    private final HostTools programs;
    private final Deque<Ready> ready = new ArrayDeque<>();
    private Optional<Template> wanted = Optional.empty();
    private int more;
    private int limit;
    private boolean filling;
    private boolean closed;

    StandbyPool(HostTools programs) {
        this.programs = programs;
    }

    private record Ready(Template template, RestoredMachine machine) {}

    /** How many may stand here at once; 0, as at first: none. */
    synchronized void limit(int machines) {
        limit = machines;
    }

    /**
     * A machine, one that stands ready where there is one.
     *
     * @param more how many machines of the same template will be wanted after this one
     * @throws IOException where it has to be restored now, and that fails
     */
    RestoredMachine take(Template template, int more) throws IOException {
        List<RestoredMachine> dead = new ArrayList<>();
        Optional<RestoredMachine> found = find(template, more, dead);
        for (RestoredMachine machine : dead) {
            machine.close();
        }
        return found.isPresent() ? found.get() : template.prepare(programs);
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

    /** What to restore next, where anything. */
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
                add(template.get(), template.get().prepare(programs));
            }
        } catch (IOException | RuntimeException e) {
            // Whoever takes the next machine restores it himself, and tells why that fails.
            LOG.debug("restoring a machine ahead of time", e);
        } finally {
            synchronized (this) {
                filling = false;
                notifyAll();
            }
        }
    }

    private synchronized Optional<Template> begin() {
        Optional<Template> next = next();
        // Decided together: whoever asks for more after this starts another thread.
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

    /** Waits until nothing is being restored. */
    synchronized void awaitRest(Duration patience) {
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

    /** How many stand ready. */
    synchronized long living() {
        return ready.stream().filter(one -> one.machine.isAlive()).count();
    }

    /** Ends all that stand ready, and waits for the one that is being restored just now. */
    @Override
    public void close() {
        List<Ready> left;
        synchronized (this) {
            closed = true;
        }
        awaitRest(LAST_RESTORE);
        synchronized (this) {
            left = List.copyOf(ready);
            ready.clear();
        }
        for (Ready one : left) {
            try {
                one.machine.close();
            } catch (IOException e) {
                LOG.warn("a machine that stood ready did not end: {}", e.getMessage());
            }
        }
    }
}
