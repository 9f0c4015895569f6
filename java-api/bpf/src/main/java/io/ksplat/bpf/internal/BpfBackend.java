// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal;

import io.ksplat.bpf.BpfLine;
import io.ksplat.bpf.BpfStream;
import io.ksplat.bpf.BpfTarget;
import io.ksplat.bpf.GlobalVariable;
import io.ksplat.bpf.RunResult;
import io.ksplat.bpf.internal.libbpf.MapBatch;
import io.ksplat.kernel.Symbol;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CyclicBarrier;

/**
 * A loaded BPF object on any target. Every refusal of the kernel or libbpf is a {@link io.ksplat.bpf.BpfException}. Programs and maps are
 * named as {@link #programs} and {@link #maps} return them.
 */
public interface BpfBackend {
    /** Returns a number that is unique among the objects of a target. An object in a restored machine has the number of the original. */
    long handle();

    /**
     * Returns the same object in a machine that was restored from one in which it was loaded.
     *
     * @throws IllegalStateException if it is in the running kernel, which nothing restores
     */
    BpfBackend in(BpfTarget restored);

    List<String> programs();

    List<MapFacts> maps();

    /** Returns the JITed programs, with their names in kallsyms. */
    List<Symbol> symbols();

    List<BpfLine> lines();

    /** Attaches a program; returns a number for {@link #detach}. */
    long attach(String program) throws IOException;

    void detach(long link) throws IOException;

    RunResult run(RunPlan plan) throws IOException;

    /**
     * Starts a run and does not wait.
     *
     * @param party the runs that it must start together with
     */
    void start(RunPlan plan, Optional<Party> party) throws IOException;

    Optional<byte[]> lookup(String map, byte[] key) throws IOException;

    void update(String map, byte[] key, byte[] value, long flags) throws IOException;

    void delete(String map, byte[] key) throws IOException;

    List<byte[]> keys(String map) throws IOException;

    MapBatch lookupBatch(String map, Optional<byte[]> from, int most) throws IOException;

    void updateBatch(String map, List<Map.Entry<byte[], byte[]>> entries, long flags) throws IOException;

    byte[] read(GlobalVariable variable) throws IOException;

    void write(GlobalVariable variable, byte[] value) throws IOException;

    /** Returns the physical address of a variable in a machine's memory. */
    long physicalAddress(GlobalVariable variable) throws IOException;

    byte[] readStream(String program, BpfStream stream) throws IOException;

    RingSource ring(String map) throws IOException;

    void close() throws IOException;

    /**
     * A loaded map.
     *
     * @param valueSize the size of the value of one CPU
     */
    record MapFacts(String name, int keySize, int valueSize, int maxEntries, boolean perCpu) {}

    /** Runs that start together: each waits on its CPU until all are there. */
    record Party(int size, CyclicBarrier complete) {}

    /** A run of a program. */
    final class RunPlan {
        public final String program;
        public final OptionalInt cpu;
        public final byte[] context;
        public final byte[] packet;
        public final int repeat;

        public RunPlan(String program, OptionalInt cpu, byte[] context, byte[] packet, int repeat) {
            this.program = program;
            this.cpu = cpu;
            this.context = context;
            this.packet = packet;
            this.repeat = repeat;
        }
    }

    /** The consumer of a ring buffer on a target. */
    interface RingSource {
        /**
         * Takes records; waits for the first one if there is none.
         *
         * @param most the largest number of records to take
         * @param mostBytes the limit for their sum, without the last one; a longer record is dropped and counted
         */
        List<byte[]> poll(int most, int mostBytes, Duration timeout) throws IOException;

        /** Returns the number of records that were dropped because they were too long. */
        long tooLong();

        void close();
    }
}
