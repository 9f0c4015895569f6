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
 * A loaded BPF object, wherever it is loaded. Every failure of the kernel's or libbpf's is a {@link io.ksplat.bpf.BpfException}; names
 * are those that {@link #programs} and {@link #maps} gave.
 */
public interface BpfBackend {
    /** Tells objects apart that were loaded in one target; a restored machine's has that of the frozen one's. */
    long handle();

    /**
     * Returns what stands for the same object in a machine that was restored from one in which it was loaded.
     *
     * @throws IllegalStateException if it is in the running kernel, which nothing restores
     */
    BpfBackend in(BpfTarget restored);

    List<String> programs();

    List<MapFacts> maps();

    /** The JITed programs, named as kallsyms names them. */
    List<Symbol> symbols();

    List<BpfLine> lines();

    /** A number for {@link #detach}. */
    long attach(String program) throws IOException;

    void detach(long link) throws IOException;

    RunResult run(RunPlan plan) throws IOException;

    /**
     * Does not wait.
     *
     * @param party they begin together
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

    /** Where it lies in a machine's memory. */
    long physicalAddress(GlobalVariable variable) throws IOException;

    byte[] readStream(String program, BpfStream stream) throws IOException;

    RingSource ring(String map) throws IOException;

    void close() throws IOException;

    /**
     * A loaded map.
     *
     * @param valueSize of one CPU's value
     */
    record MapFacts(String name, int keySize, int valueSize, int maxEntries, boolean perCpu) {}

    /** Runs that wait for each other, each on its CPU. */
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

    /** Where a ring buffer's records come from. */
    interface RingSource {
        /**
         * Records that are there, or come within a time.
         *
         * @param mostBytes in all, but for the last one; a longer record is dropped, and counted
         */
        List<byte[]> poll(int most, int mostBytes, Duration timeout) throws IOException;

        /** Records that were dropped because they were too long. */
        long tooLong();

        void close();
    }
}
