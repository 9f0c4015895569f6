// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import io.ksplat.machine.internal.nmi.NmiCounter;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The storm of {@code --nmi storm:RATE}: NMIs beside what a run does, in the place of those that it asks for, or of a PMU's. It ends by
 * itself if there is evidence, or if the guest handles none any more.
 *
 * <p>An NMI is not sent before the guest has handled the one before, so that on a host that is slow the rate is lower, and the control
 * holds.
 */
final class SteadyStorm implements AutoCloseable {
    private static final long SECOND = 1_000_000_000L;

    /** A guest that handles none for so long, on KVM, is dead or will take its time. */
    private static final Duration SILENCE = Duration.ofMillis(500);

    private static final long LOOK_NANOS = 500_000;
    private static final long SELDOM_NANOS = 10_000_000;
    private static final Duration LONGEST = Duration.ofHours(24);
    private static final Duration END = Duration.ofSeconds(10);

    private final Nmi nmi;
    private final long gap;
    private final NmiCounter tally;
    private final long began = System.nanoTime();
    private final CountDownLatch over = new CountDownLatch(1);
    private final Thread thread;
    private final AtomicLong sent = new AtomicLong();
    private volatile Optional<IOException> failure = Optional.empty();

    private SteadyStorm(Nmi nmi, double perSecond) throws IOException {
        this.nmi = nmi;
        this.gap = (long) (SECOND / perSecond);
        this.tally = new NmiCounter(nmi);
        this.thread = new Thread(this::run, "ksplat-storm");
        thread.setDaemon(true);
    }

    /**
     * Begins one.
     *
     * @throws io.ksplat.machine.internal.UnsupportedTargetException if nothing can send one there
     */
    static SteadyStorm begin(Nmi nmi, double perSecond) throws IOException {
        SteadyStorm storm = new SteadyStorm(nmi, perSecond);
        if (nmi.outside().isPresent()) {
            nmi.outside().get().begin(perSecond, LONGEST);
        }
        storm.thread.start();
        return storm;
    }

    private void run() {
        try {
            long handled = 0;
            long lastSign = System.nanoTime();
            long due = lastSign;
            while (!nmi.isEvident() && !ended(due - System.nanoTime())) {
                long now = System.nanoTime();
                long taken = tally.taken();
                if (taken > handled || sent.get() == 0) {
                    handled = taken;
                    lastSign = now;
                    nmi.send();
                    sent.incrementAndGet();
                    due = Math.max(due + gap, now);
                } else {
                    // An NMI is pending: the first sign of life is that it was taken.
                    boolean silent = now - lastSign > nmi.scale(SILENCE).toNanos();
                    due = now + Math.min(gap, silent ? SELDOM_NANOS : LOOK_NANOS);
                }
            }
        } catch (IOException e) {
            failure = Optional.of(e);
        }
    }

    private boolean ended(long nanos) {
        try {
            return over.await(Math.max(0, nanos), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /** Returns what became of those that were sent up to now. */
    Burst soFar() throws IOException {
        if (failure.isPresent()) {
            throw new MachineException("the storm ended early: " + failure.get().getMessage(), failure.get());
        }
        long soFar = sent.get();
        return new Burst("storm", String.valueOf(nmi.mode()), soFar, Math.max(1, soFar / 2), tally.taken(), began);
    }

    /** Ends it, and waits for that. */
    @Override
    public void close() throws IOException {
        over.countDown();
        try {
            thread.join(END.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (nmi.outside().isPresent()) {
            nmi.outside().get().end();
        }
    }
}
