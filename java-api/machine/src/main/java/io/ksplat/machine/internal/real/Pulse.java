// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import com.google.protobuf.ByteString;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.Heartbeats;
import io.ksplat.machine.internal.agent.AgentClient;
import io.ksplat.machine.internal.agent.proto.ReadFile;
import io.ksplat.machine.internal.agent.proto.Request;
import io.ksplat.machine.internal.forensics.hang.Diagnosis;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Reads a machine's heartbeats over the connection, again and again: they tell both that it lives and that the connection does. */
final class Pulse implements AutoCloseable {
    private static final String PAGE = "/proc/self/fd/100";
    private static final int PAGE_BYTES = 4096;
    private static final int HEADER_BYTES = 64;
    private static final int MOST_CPUS = PAGE_BYTES / HEADER_BYTES - 1;
    private static final long EVERY_MS = 250;
    private static final String TAINTED = "/proc/sys/kernel/tainted";

    private final AgentLink link;
    private final Heartbeats.Layout layout;
    private final Thread thread;
    private volatile Sample latest;
    private volatile @Nullable IOException end;
    private volatile boolean lockdepOn;
    private volatile String tainted;
    private volatile boolean closed;

    /**
     * What was read: when it was asked for, when the answer came, each CPU's beats, and the machine's monotonic clock at each CPU's last
     * beat.
     */
    static final class Sample {
        /** Without a beat for so long, by the machine's own clock, a CPU's heart stands still. */
        private static final long STILL_NS = 5_000_000_000L;

        /** Between two beats (native/src/beat.h). */
        private static final long PERIOD_NS = 10_000_000;

        /** What a CPU counts as silent for while the kernel may still report it: enough for the watch to go on. */
        private static final long WAITING_NS = 1_000_000_000L;

        /** The agent's lines on a console may come late: while the connection answers, they do not count. */
        private static final long ANSWERS_NS = 4 * EVERY_MS * 1_000_000;

        private final long askedNanos;
        private final long hostNanos;
        private final long[] beats;
        private final long[] clocks;
        private final boolean[] online;
        /** The machine's clock when a heart was last seen to have come back; 0 if it never stood still. */
        private final long[] back;

        Sample(long askedNanos, long hostNanos, long[] beats, long[] clocks, boolean[] online) {
            this(askedNanos, hostNanos, beats, clocks, online, new long[clocks.length]);
        }

        private Sample(long askedNanos, long hostNanos, long[] beats, long[] clocks, boolean[] online, long[] back) {
            this.askedNanos = askedNanos;
            this.hostNanos = hostNanos;
            this.beats = beats.clone();
            this.clocks = clocks.clone();
            this.online = online.clone();
            this.back = back;
        }

        /** Returns this with what the sample before it tells of hearts that have come back. */
        Sample after(Sample before) {
            long[] known = IntStream.range(0, clocks.length)
                    .mapToLong(cpu -> missedNs(before, cpu) >= STILL_NS ? clocks[cpu] : before.back[cpu])
                    .toArray();
            return new Sample(askedNanos, hostNanos, beats, clocks, online, known);
        }

        /** Returns for how long a heart has missed beats since: two answers may be far apart. */
        private long missedNs(Sample before, int cpu) {
            return before.clocks[cpu] > 0
                    ? clocks[cpu] - before.clocks[cpu] - (beats[cpu] - before.beats[cpu]) * PERIOD_NS
                    : 0;
        }

        /** Reads the slots of a page. */
        static Sample of(Heartbeats.Layout layout, long askedNanos, byte[] page) {
            byte[] slots = Arrays.copyOfRange(page, (int) layout.slots(), (int) layout.slots() + layout.bytes());
            return new Sample(
                    askedNanos, System.nanoTime(), layout.beats(slots), layout.clocks(slots), layout.online(slots));
        }

        /** Returns how often each heart has beaten: a CPU that was offline at the start has none. */
        long[] hearts() {
            return IntStream.range(0, beats.length)
                    .filter(cpu -> online[cpu])
                    .mapToLong(cpu -> beats[cpu])
                    .toArray();
        }

        /**
         * Returns the hearts, if they were asked for at a moment or later: what came before is in their beats.
         *
         * @param nanos by {@link System#nanoTime()}
         */
        Optional<long[]> heartsSince(long nanos) {
            return askedNanos - nanos >= 0 ? Optional.of(hearts()) : Optional.empty();
        }

        long hostNanos() {
            return hostNanos;
        }

        long[] beats() {
            return beats;
        }

        long[] clocks() {
            return clocks;
        }

        long clock() {
            return Arrays.stream(clocks).max().orElse(0);
        }

        /** Returns for how long a CPU has not beaten, by the machine's own clock. One that never had a heart is offline. */
        private long silentNs(int cpu) {
            return clocks[cpu] > 0 ? clock() - clocks[cpu] : 0;
        }

        /**
         * Returns the CPUs whose hearts stand still.
         *
         * @param told what the agent has written to the console: that counts if the connection has not answered since
         */
        Set<Integer> still(ConsoleBeats.Beat told) {
            return isSilent(told)
                    ? told.still()
                    : IntStream.range(0, clocks.length)
                            .filter(cpu -> silentNs(cpu) >= STILL_NS)
                            .boxed()
                            .collect(Collectors.toUnmodifiableSet());
        }

        private boolean isSilent(ConsoleBeats.Beat told) {
            return told.hostNanos() - hostNanos > ANSWERS_NS;
        }

        /**
         * Returns whether no heart has just come back: its CPU may have held the lock that others wait for, and they come back behind
         * it. It is given as long again as a heart must stand still.
         *
         * @param told as in {@link #still}
         */
        boolean isSettled(ConsoleBeats.Beat told) {
            return isSilent(told)
                    ? told.settled()
                    : Arrays.stream(back).noneMatch(at -> at > 0 && clock() - at < STILL_NS);
        }

        /**
         * Returns how the CPUs live.
         *
         * @param reportNs how long the kernel is waited for to report a CPU: only then it counts as silent for all of its time
         */
        List<Diagnosis.Life> lives(long reportNs) {
            return IntStream.range(0, clocks.length)
                    .mapToObj(cpu -> {
                        long silent = silentNs(cpu);
                        return new Diagnosis.Life(
                                cpu, beats[cpu], silent < reportNs ? Math.min(silent, WAITING_NS) : silent, 0);
                    })
                    .toList();
        }
    }

    Pulse(AgentLink link) throws IOException {
        this.link = link;
        int cpus = link.hello().getCpus();
        if (cpus > MOST_CPUS) {
            throw new MachineException("it has " + cpus + " CPUs; ksplat watches up to " + MOST_CPUS
                    + ": take the others offline (chcpu -d), or boot it with maxcpus=" + MOST_CPUS);
        }
        long asked = System.nanoTime();
        byte[] page = page();
        this.layout = Heartbeats.Layout.of(0, Arrays.copyOf(page, HEADER_BYTES), cpus);
        this.latest = Sample.of(layout, asked, page);
        this.lockdepOn = link.hello().getDebugLocks();
        this.tainted = tainted(link.client());
        this.thread = Outcome.daemon("ksplat-pulse", this::beat);
    }

    private byte[] page() throws IOException {
        ByteString bytes = link.client()
                .call(Request.newBuilder()
                        .setReadFile(ReadFile.newBuilder().setPath(PAGE).setLength(PAGE_BYTES)))
                .getBytes()
                .getData();
        if (bytes.size() != PAGE_BYTES) {
            throw new MachineException("the agent's heartbeat page has " + bytes.size() + " bytes");
        }
        return bytes.toByteArray();
    }

    private void beat() {
        while (!closed) {
            try {
                long asked = System.nanoTime();
                // Before the beats: who sees that the CPUs live on sees what the kernel said of itself meanwhile.
                tainted = tainted(link.client());
                if (link.hello().hasDebugLocks()) {
                    lockdepOn = link.client().sayHello().getDebugLocks();
                }
                latest = Sample.of(layout, asked, page()).after(latest);
                Thread.sleep(EVERY_MS);
            } catch (MachineException.Late late) {
                // The silence shows in the sample's age.
            } catch (IOException e) {
                end = e;
                return;
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** Returns whether lockdep was still on when it was last asked for, no earlier than the latest sample; empty if there is none. */
    Optional<BooleanSupplier> lockdep() {
        return link.hello().hasDebugLocks() ? Optional.of(() -> lockdepOn) : Optional.empty();
    }

    /** Asks a kernel for its taint flags, as a number. */
    static String tainted(AgentClient agent) throws IOException {
        return new String(agent.readFile(TAINTED), StandardCharsets.US_ASCII).strip();
    }

    /** Returns the taint flags when they were last asked for, no earlier than the latest sample. */
    String tainted() {
        return tainted;
    }

    Sample latest() {
        return latest;
    }

    /** Returns why no more beats come: the connection ended. */
    @Nullable
    IOException end() {
        return end;
    }

    OptionalLong clock() {
        long clock = latest.clock();
        return clock > 0 ? OptionalLong.of(clock) : OptionalLong.empty();
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}
