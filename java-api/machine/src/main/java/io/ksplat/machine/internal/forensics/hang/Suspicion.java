// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.hang;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Decides when to look into the memory of a machine whose CPUs seem stuck, and whether two looks prove a deadlock. Only decides;
 * reads nothing. Not thread-safe.
 *
 * <p>A CPU is deadlocked if it waited for the same in both looks, and nobody can let it go on: each other CPU either waits as well,
 * or showed a sign of life between the looks. Who runs user code, idles or beats has released every spin lock. A CPU that did neither
 * executes something, and may hold the lock: it is busy, and so is whoever waits for it.
 */
public final class Suspicion {
    /** The run time between two looks, so that a lock which is handed on is seen to be. A heartbeat takes 10 ms. */
    private static final long BETWEEN_NS = 20_000_000;

    /** The same, if a CPU neither waits nor lives: only a known owner can prove it then. */
    private static final long CONFIRM_NS = 5 * BETWEEN_NS;

    /** Unknown memory may be written by a CPU that lives: what waits for that is given longer. */
    private static final long MEMORY_NS = 3_000_000_000L;

    private Map<Integer, Diagnosis.Life> lives = Map.of();
    private Map<Integer, Awaited> waits = Map.of();
    private boolean hasLooked;
    private long nextNs;
    private long betweenNs = BETWEEN_NS;

    /** Returns whether to look now. */
    public boolean isDue(Diagnosis diagnosis) {
        if (!diagnosis.isStuck()) {
            return false;
        }
        if (!hasLooked || hasLived(diagnosis)) {
            forget();
            return true;
        }
        return diagnosis.silentNs() >= nextNs || (!waits.isEmpty() && isProven(diagnosis, waits, List.of()));
    }

    /** Returns whether a CPU that waited has gone on since. */
    private boolean hasLived(Diagnosis diagnosis) {
        return diagnosis.lives().stream()
                .anyMatch(life -> lives.containsKey(life.cpu())
                        && isCause(diagnosis, life.cpu())
                        && lives.get(life.cpu()).signs() != life.signs());
    }

    private static boolean isCause(Diagnosis diagnosis, int cpu) {
        return diagnosis.causes().stream().anyMatch(stuck -> stuck.cpu() == cpu);
    }

    private void forget() {
        hasLooked = false;
        lives = Map.of();
        waits = Map.of();
        betweenNs = BETWEEN_NS;
    }

    /** Remembers what a look has shown. The next one without new reason comes after twice the time. */
    public void looked(Diagnosis diagnosis, Map<Integer, Awaited> seen) {
        Map<Integer, Diagnosis.Life> now = new HashMap<>();
        diagnosis.lives().forEach(life -> now.put(life.cpu(), life));
        boolean first = waits.isEmpty() && !seen.isEmpty();
        nextNs = first ? diagnosis.silentNs() + CONFIRM_NS : 2 * diagnosis.silentNs();
        betweenNs = hasLooked ? 2 * betweenNs : betweenNs;
        hasLooked = true;
        lives = now;
        waits = Map.copyOf(seen);
    }

    /** Returns whether there was a look that another one may confirm. */
    public boolean hasCandidate() {
        return !waits.isEmpty();
    }

    /**
     * Returns whether what is seen now proves a deadlock, together with the last look.
     *
     * @param cycle the CPUs that wait for each other's locks, if memory names the owners of all
     */
    public boolean isProven(Diagnosis diagnosis, Map<Integer, Awaited> seen, List<Integer> cycle) {
        Set<Integer> same = new HashSet<>();
        boolean forMemory = false;
        boolean others = true;
        for (Diagnosis.Life life : diagnosis.lives()) {
            Optional<Diagnosis.Life> before = Optional.ofNullable(lives.get(life.cpu()));
            if (before.isEmpty()) {
                return false;
            }
            if (before.get().signs() == life.signs()) {
                Awaited now = seen.get(life.cpu());
                if (now != null && waitsStill(life, before.get(), now)) {
                    same.add(life.cpu());
                    forMemory |= now.how() != Awaited.How.CPU;
                } else {
                    others = false;
                }
            }
        }
        // CPUs that wait for another one's answer prove nothing, unless all do.
        boolean something = forMemory || same.size() == diagnosis.lives().size();
        return !same.isEmpty() && ((others && something) || (!cycle.isEmpty() && same.containsAll(cycle)));
    }

    private boolean waitsStill(Diagnosis.Life life, Diagnosis.Life before, Awaited now) {
        return now.equals(waits.get(life.cpu()))
                && life.silentNs() - before.silentNs() >= betweenNs
                // It may have had the lock meanwhile, and have lost it again to one that lived before.
                && (now.how() != Awaited.How.LOCK || life.elsewhere() == before.elsewhere())
                && (now.how() != Awaited.How.MEMORY || life.silentNs() >= MEMORY_NS);
    }
}
