// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.kernel.internal.Deadline;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;

/**
 * The limit of the time that a machine may take for something. What counts is the time in which the machine could run: a vCPU that
 * waits for a CPU of a busy host does not get on. Not thread-safe.
 */
public final class Patience {
    /** A host that gives a machine less than a tenth of the time is of no use. */
    private static final int MOST = 10;

    /** A machine that works runs for a larger share of the time than 1 / IDLE; a vCPU's ticks take about a twentieth under TCG. */
    private static final int IDLE = 2;

    private static final Duration LOOK = Duration.ofMillis(1);

    private final Duration limit;
    private final Starvation starvation;
    private final Duration more;
    private final LongSupplier ran;
    private final long began = System.nanoTime();
    private final long starvedBefore;
    private final long ranBefore;

    /** Tells how long a machine has waited for CPUs of its host so far. */
    @FunctionalInterface
    public interface Starvation {
        /** A machine that never waits. */
        Starvation NONE = () -> 0;

        /** Returns nanoseconds; they never decrease. */
        long nanos();
    }

    private Patience(Duration limit, Starvation starvation, Duration more, LongSupplier ran) {
        this.limit = limit;
        this.starvation = starvation;
        this.more = more;
        this.ran = ran;
        this.starvedBefore = starvation.nanos();
        this.ranBefore = ran.getAsLong();
    }

    /** Begins to wait. */
    public static Patience of(Duration limit, Starvation starvation) {
        return new Patience(limit, starvation, Duration.ZERO, () -> 0);
    }

    /**
     * Begins to wait for something that takes long only if the machine is busy with it.
     *
     * @param more is added to the limit while the machine runs: one that sleeps does not answer later
     * @param ranNanos returns how long the machine's vCPUs have run
     */
    public static Patience whileItRuns(Duration limit, Starvation starvation, Duration more, LongSupplier ranNanos) {
        return new Patience(limit, starvation, more, ranNanos);
    }

    /** Returns whether the machine had its time. */
    public boolean expired() {
        return remaining() <= 0;
    }

    /**
     * Waits for an answer of the machine.
     *
     * @throws TimeoutException if the machine had its time
     */
    public <T> T await(CompletableFuture<T> answer) throws TimeoutException, ExecutionException, InterruptedException {
        while (true) {
            try {
                return answer.get(Math.max(1, TimeUnit.NANOSECONDS.toMillis(remaining())), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                if (expired()) {
                    throw e;
                }
            }
        }
    }

    /** Returns when to look again whether the machine had its time. */
    public Deadline deadline() {
        return Deadline.in(Duration.ofNanos(Math.max(remaining(), LOOK.toNanos())));
    }

    /** Returns the time that the machine had, for messages: {@code 20000 ms}. */
    @Override
    public String toString() {
        long starved = TimeUnit.NANOSECONDS.toMillis(starvation.nanos() - starvedBefore);
        return limit().toMillis() + " ms"
                + (starved > 0 ? ", not counting " + starved + " ms in which it waited for a CPU of this host" : "");
    }

    private long remaining() {
        long passed = System.nanoTime() - began;
        if (limit.toNanos() > passed) {
            return limit.toNanos() - passed;
        }
        Duration whole = limit();
        return Math.min(
                whole.toNanos() - passed + starvation.nanos() - starvedBefore,
                whole.multipliedBy(MOST).toNanos() - passed);
    }

    private Duration limit() {
        long starved = starvation.nanos() - starvedBefore;
        long had = System.nanoTime() - began - starved;
        boolean runs = !more.isZero() && (ran.getAsLong() - ranBefore) * IDLE > had;
        return runs ? limit.plus(more) : limit;
    }
}
