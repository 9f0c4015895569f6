// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Findings;
import io.ksplat.evidence.internal.sleep.SeenTask;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Target;
import io.ksplat.machine.internal.forensics.HangAnalysis;
import io.ksplat.machine.internal.forensics.hang.Awaited;
import io.ksplat.machine.internal.forensics.hang.Diagnosis;
import io.ksplat.machine.internal.forensics.hang.Sample;
import io.ksplat.machine.internal.forensics.hang.Suspicion;
import io.ksplat.machine.internal.forensics.pending.Pending;
import io.ksplat.machine.internal.forensics.unwind.SourceFrames;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Supplier;

/** Sees a target's CPUs and memory, whatever became of its kernel. */
public interface OutsideView extends Target.Capability {
    /** Samples CPUs, and tells which are stuck. */
    interface Sampler {
        /** Takes one sample, without stopping the machine. */
        Diagnosis sample() throws IOException;

        /** Returns the last sample; empty if this target's registers cannot be read. */
        default Optional<Sample> last() {
            return Optional.empty();
        }
    }

    /** Reads a machine's memory. The machine stands still afterwards, unless the method says otherwise. */
    interface Analysis {
        /** Returns what the CPUs wait for, each by its number. The machine goes on. */
        Map<Integer, Awaited> waits(Diagnosis diagnosis) throws IOException, InterruptedException;

        /**
         * Returns what a machine shows whose CPUs are stuck for good, if that can be proven.
         *
         * @param suspicion has looked before
         * @return empty if it is not proven; the machine goes on then
         */
        Optional<HangAnalysis.Findings> proof(Diagnosis diagnosis, Suspicion suspicion)
                throws IOException, InterruptedException;

        /** Returns what a machine shows of which a CPU is busy. */
        HangAnalysis.Findings busy(Diagnosis diagnosis) throws IOException, InterruptedException;

        /** Returns who waits behind CPUs that are stuck: what {@link #proof} has shown of the machine still holds. */
        List<Evidence> behind(Diagnosis diagnosis) throws IOException, InterruptedException;

        /** Looks at every task. The machine stands still for it, and goes on afterwards, also if it stood still before. */
        List<SeenTask> tasks() throws IOException;

        /** Returns what tasks sleep for that do not move. */
        SleepFindings ofSleepers(Sleepers sleepers) throws IOException, InterruptedException;

        /** Returns the lines of the kernel's log that its console did not get. */
        List<String> unprinted() throws IOException;
    }

    /**
     * The tasks that do not move.
     *
     * @param blocked those that are to be explained; each is evidence unless it has a good reason
     * @param still all tasks that sleep, and did not move either
     * @param watched whether they were watched for as long as it takes
     */
    record Sleepers(Set<Long> blocked, Set<Long> still, boolean watched) {
        public Sleepers {
            blocked = Set.copyOf(blocked);
            still = Set.copyOf(still);
        }
    }

    /**
     * What tasks sleep for.
     *
     * @param evidence one piece for tasks that hang together
     * @param deadlock whether nothing can end some of the waits
     * @param gracePeriod whether some task waits for a grace period, which may take long
     */
    record SleepFindings(List<Evidence> evidence, boolean deadlock, boolean gracePeriod) {
        public SleepFindings {
            evidence = List.copyOf(evidence);
        }
    }

    /**
     * What makes addresses readable.
     *
     * @param symbols those of this boot, loaded programs included
     */
    record Known(KernelInfo kernel, Symbols symbols, SourceFrames sources, Cache cache) {}

    /** Returns why the machine has ended; empty while it runs. */
    Optional<String> ended();

    /** Returns how often each CPU's heart has beaten; a CPU that is offline may be missing. */
    long[] heartbeats() throws IOException;

    /**
     * Returns the heartbeats of a moment or later: those of before a change, taken for its beginning, would make a CPU that died of it live.
     *
     * @param nanos by {@link System#nanoTime()}
     * @return empty as long as what is known is older
     */
    default Optional<long[]> heartbeatsSince(long nanos) throws IOException {
        return Optional.of(heartbeats());
    }

    /** Returns the guest's clock in nanoseconds, as its CPUs last read it; empty if it cannot be read. */
    OptionalLong guestNanos() throws IOException;

    /** Returns which views of the machine there are. */
    default Findings.Visibility visibility() {
        return Findings.Visibility.OUTSIDE;
    }

    /**
     * Returns what follows from what was found and from how the machine lives now, and was not found yet; empty where its memory tells
     * more, without asking for what was found.
     */
    default List<Evidence> explained(Supplier<List<Evidence>> found) {
        return List.of();
    }

    /** Returns what the end of the machine is evidence of, beside what was found; empty if it is none. May wait for signs of life. */
    default List<Evidence> remains(Supplier<List<Evidence>> found) {
        return List.of();
    }

    /**
     * Returns the lines of its kernel's log that a machine has kept over its end; empty if it keeps none. May wait for as long as it boots.
     *
     * @throws IOException if it does not come back
     */
    default List<String> kept() throws IOException {
        return List.of();
    }

    /** Returns whether an NMI was ever injected: what the kernel says of unknown NMIs since is not its own. */
    boolean nmiInjected();

    /** Starts to watch for CPUs that are stuck. */
    default Sampler sampler(Symbols symbols) throws IOException {
        return sampler(symbols, 1);
    }

    /**
     * Starts to watch for CPUs that are stuck.
     *
     * @param patience how long a CPU is watched before it counts as stuck: 1, or less of it if the caller knows more
     */
    Sampler sampler(Symbols symbols, double patience) throws IOException;

    /** Returns what reads its memory. */
    Analysis analysis(Known known);

    /** Returns what sees what the machine has still to do. */
    Pending pending(KernelInfo kernel, Symbols symbols);

    /** Returns the checks that this kernel makes of itself; empty if it was built with none. */
    List<SelfCheck> selfChecks(Symbols symbols) throws IOException;

    /** Returns the checks of a machine that this one was restored from. */
    List<SelfCheck> restored(List<SelfCheck> before);
}
