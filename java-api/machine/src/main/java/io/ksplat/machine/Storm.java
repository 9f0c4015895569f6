// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import io.ksplat.machine.internal.nmi.NmiCounter;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Random;

/**
 * NMIs at a rate, from QEMU's monitor, at no instruction in particular. The guest must handle half of them, or the control
 * {@code storm} fails: NMIs that come faster than they are handled become one.
 *
 * <pre>{@code
 * machine.nmi().storm().perSecond(200).jitter(0.5, 42).untilEvidence(Duration.ofSeconds(5));
 * }</pre>
 */
public final class Storm {
    private static final long SECOND = 1_000_000_000L;

    /** A guest that handles none for so long, on KVM, is dead. */
    private static final Duration SILENCE = Duration.ofMillis(200);

    /** Where each NMI is a command on its own: a BMC takes half a second. */
    private static final Duration SILENCE_THERE = Duration.ofSeconds(5);

    private static final int LOOK_EVERY_MS = 20;

    private final Nmi nmi;
    private double perSecond = 100;
    private double jitter;
    private long seed;

    Storm(Nmi nmi) {
        this.nmi = nmi;
    }

    /** The rate, by default 100. */
    public Storm perSecond(double rate) {
        checkRate(rate);
        this.perSecond = rate;
        return this;
    }

    static void checkRate(double rate) {
        if (!(rate > 0 && rate <= 10_000)) {
            String said = Double.isFinite(rate) ? BigDecimal.valueOf(rate).toPlainString() : Double.toString(rate);
            throw new IllegalArgumentException("a storm has up to 10,000 NMIs a second, not " + said);
        }
    }

    /**
     * Makes each gap differ from the rate's by up to this part of it: a clockwork may always meet the same code.
     *
     * @param part from 0, the default, to 1
     * @param seed the same seed gives the same gaps
     */
    public Storm jitter(double part, long seed) {
        if (!(part >= 0 && part <= 1)) {
            throw new IllegalArgumentException("jitter is a part of the gap, from 0 to 1, not " + part);
        }
        this.jitter = part;
        this.seed = seed;
        return this;
    }

    /** Sends them for a time. */
    public Burst forTime(Duration time) throws IOException {
        return send(time, false);
    }

    /** Sends them until something shows: evidence on the console, or a guest that handles no NMI any more. */
    public Burst untilEvidence(Duration atMost) throws IOException {
        return send(atMost, true);
    }

    private Burst send(Duration time, boolean untilEvidence) throws IOException {
        if (nmi.mode().storm().isPresent()) {
            return new Burst("storm", how() + ", not sent (--nmi " + nmi.mode() + ")", 0, 0, 0, System.nanoTime());
        }
        nmi.intercept(0, nmi.scale(Aim.WITHIN));
        if (nmi.outside().isPresent() && nmi.mode().asWritten()) {
            nmi.outside().get().begin(perSecond, time);
        }
        try {
            return sendThem(time, untilEvidence);
        } finally {
            if (nmi.outside().isPresent() && nmi.mode().asWritten()) {
                nmi.outside().get().end();
            }
        }
    }

    private Duration silence() {
        return nmi.outside().isPresent() ? nmi.scale(SILENCE_THERE) : nmi.scale(SILENCE);
    }

    private Burst sendThem(Duration time, boolean untilEvidence) throws IOException {
        NmiCounter tally = new NmiCounter(nmi);
        Gaps gaps = new Gaps(perSecond, jitter, seed);
        long start = System.nanoTime();
        long end = start + time.toNanos();
        long due = start;
        long sent = 0;
        Life life = new Life(tally, start);
        boolean silent = false;
        while (due < end && !silent) {
            pauseUntil(due);
            if (nmi.mode().asWritten()) {
                nmi.send();
                sent++;
            }
            due = gaps.after(due, System.nanoTime());
            if (untilEvidence && nmi.isEvident()) {
                break;
            }
            silent = untilEvidence && life.isOver();
        }
        // A guest that was not dead, and only took its time, did not get what was still to come.
        boolean whole = nmi.mode().asWritten() && !silent;
        long planned = whole ? sent : Math.round(perSecond * time.toNanos() / SECOND);
        Burst burst = new Burst("storm", how(), sent, Math.max(1, planned / 2), awaitTaken(tally, sent), start);
        nmi.fired(burst);
        return burst;
    }

    private String how() {
        String rate = BigDecimal.valueOf(perSecond).stripTrailingZeros().toPlainString();
        return "storm of " + rate + "/s"
                + nmi.outside().map(there -> " by " + there.source()).orElse("")
                + (jitter > 0 ? ", jitter " + jitter + ", seed " + seed : "");
    }

    /** The last of them may still be on its way. */
    private long awaitTaken(NmiCounter tally, long sent) throws IOException {
        long end = System.nanoTime() + silence().toNanos();
        long taken = tally.taken();
        while (taken < sent && System.nanoTime() < end) {
            pauseUntil(System.nanoTime() + LOOK_EVERY_MS * 1_000_000L);
            taken = tally.taken();
        }
        return taken;
    }

    /** Whether the guest goes on to handle NMIs. */
    private final class Life {
        private final NmiCounter tally;
        private long lastLook;
        private long lastSign;
        private long taken;

        Life(NmiCounter tally, long now) {
            this.tally = tally;
            this.lastLook = now;
            this.lastSign = now;
        }

        boolean isOver() throws IOException {
            long now = System.nanoTime();
            if (now - lastLook < LOOK_EVERY_MS * 1_000_000L) {
                return false;
            }
            lastLook = now;
            long count = tally.taken();
            if (count != taken) {
                taken = count;
                lastSign = now;
            }
            return now - lastSign > silence().toNanos();
        }
    }

    /** The times from one NMI to the next. */
    static final class Gaps {
        private final double mean;
        private final double jitter;
        private final Random random;

        Gaps(double perSecond, double jitter, long seed) {
            this.mean = SECOND / perSecond;
            this.jitter = jitter;
            this.random = new Random(seed);
        }

        /**
         * When the next one is due, if one was due then and it is now. What the host was too busy to send is not made up for: of NMIs
         * in a row the guest handles one.
         */
        long after(long due, long now) {
            long gap = next();
            return now - due > gap ? now + gap : due + gap;
        }

        /** In nanoseconds. */
        long next() {
            return (long) (mean * (1 + jitter * (2 * random.nextDouble() - 1)));
        }
    }

    private static void pauseUntil(long nanoTime) throws MachineException {
        long left = nanoTime - System.nanoTime();
        if (left <= 0) {
            return;
        }
        try {
            Thread.sleep(left / 1_000_000, (int) (left % 1_000_000));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted in the middle of a storm", e);
        }
    }
}
