// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal;

import io.ksplat.bpf.BpfException;
import io.ksplat.bpf.BpfLine;
import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.bpf.BpfStream;
import io.ksplat.bpf.BpfTarget;
import io.ksplat.bpf.GlobalVariable;
import io.ksplat.bpf.RunResult;
import io.ksplat.bpf.internal.libbpf.BpfLoadPlan;
import io.ksplat.bpf.internal.libbpf.JitedFunction;
import io.ksplat.bpf.internal.libbpf.MapBatch;
import io.ksplat.bpf.internal.libbpf.RunningMap;
import io.ksplat.bpf.internal.libbpf.RunningObject;
import io.ksplat.bpf.internal.libbpf.RunningProgram;
import io.ksplat.bpf.internal.libbpf.RunningRing;
import io.ksplat.kernel.Symbol;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/** A BPF object in the running kernel. */
public final class LocalBackend implements BpfBackend {
    private static final Duration RUN = Duration.ofSeconds(30);
    private static final AtomicLong HANDLES = new AtomicLong();

    /** Program types that refuse an output buffer; a syscall program changes its context in place (net/bpf/test_run.c). */
    private static final Set<String> NO_CONTEXT_OUT =
            Set.of("syscall", "raw_tracepoint", "raw_tracepoint_writable", "tracing");

    private final BpfObjectFile file;
    private final RunningObject object;
    private final List<JitedFunction> code;
    private final long handle = HANDLES.decrementAndGet();

    private LocalBackend(BpfObjectFile file, RunningObject object, List<JitedFunction> code) {
        this.file = file;
        this.object = object;
        this.code = code;
    }

    /** Loads an object into the running kernel. */
    public static LocalBackend load(BpfObjectFile file, BpfLoadPlan plan) throws IOException {
        RunningObject object = RunningObject.load(file, plan);
        try {
            return new LocalBackend(file, object, object.code());
        } catch (IOException e) {
            object.close();
            throw e;
        }
    }

    @Override
    public long handle() {
        return handle;
    }

    @Override
    public BpfBackend in(BpfTarget restored) {
        throw new IllegalStateException(file.name() + " is in the running kernel, which nothing restores");
    }

    @Override
    public List<String> programs() {
        return object.programs();
    }

    @Override
    public List<MapFacts> maps() {
        return object.maps().stream()
                .map(object::map)
                .map(map -> new MapFacts(map.name(), map.keySize(), map.valueSize(), map.maxEntries(), map.isPerCpu()))
                .toList();
    }

    @Override
    public List<Symbol> symbols() {
        return code.stream()
                .map(jited -> Symbol.bpf(jited.name(), jited.address(), jited.size()))
                .toList();
    }

    @Override
    public List<BpfLine> lines() {
        return code.stream()
                .flatMap(jited -> jited.lines().stream())
                .map(line -> new BpfLine(line.start(), line.file(), line.line()))
                .toList();
    }

    @Override
    public long attach(String program) throws IOException {
        return object.attach(program);
    }

    @Override
    public void detach(long link) throws IOException {
        object.detach(link);
    }

    @Override
    public RunResult run(RunPlan plan) throws IOException {
        FutureTask<RunResult> run = begin(plan, Optional.empty());
        try {
            return run.get(RUN.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new BpfException(
                    "run program " + plan.program + ": it did not return within " + RUN.toSeconds() + " s", 110, "");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException refused) {
                throw refused;
            }
            throw new IllegalStateException("running program " + plan.program + " failed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while program " + plan.program + " runs", e);
        }
    }

    @Override
    public void start(RunPlan plan, Optional<Party> party) throws IOException {
        FutureTask<RunResult> unread = begin(plan, party);
        assert !unread.isCancelled();
    }

    /** Starts a run in a new thread, which stays occupied if the program does not return. */
    private FutureTask<RunResult> begin(RunPlan plan, Optional<Party> party) throws IOException {
        RunningProgram program = object.program(plan.program, plan.repeat);
        boolean returnsContext =
                !NO_CONTEXT_OUT.contains(file.program(plan.program).type());
        FutureTask<RunResult> task = new FutureTask<>(() -> {
            try (program) {
                if (plan.cpu.isPresent()) {
                    RunningProgram.pinThread(plan.cpu.getAsInt());
                }
                if (party.isPresent()) {
                    awaitAll(party.get());
                }
                return program.run(plan.context, plan.packet, returnsContext);
            }
        });
        Thread thread = new Thread(task, "ksplat-bpf-" + plan.program);
        thread.setDaemon(true);
        thread.start();
        return task;
    }

    private static void awaitAll(Party party) throws InterruptedException, BrokenBarrierException, TimeoutException {
        int arrival = party.complete().await(RUN.toMillis(), TimeUnit.MILLISECONDS);
        assert arrival < party.size();
    }

    @Override
    public Optional<byte[]> lookup(String map, byte[] key) throws IOException {
        return object.map(map).lookup(key);
    }

    @Override
    public void update(String map, byte[] key, byte[] value, long flags) throws IOException {
        object.map(map).update(key, value, flags);
    }

    @Override
    public void delete(String map, byte[] key) throws IOException {
        object.map(map).delete(key);
    }

    @Override
    public List<byte[]> keys(String map) throws IOException {
        RunningMap walked = object.map(map);
        return walked.keys(walked.maxEntries());
    }

    @Override
    public MapBatch lookupBatch(String map, Optional<byte[]> from, int most) throws IOException {
        return object.map(map).lookupBatch(from, most);
    }

    @Override
    public void updateBatch(String map, List<Map.Entry<byte[], byte[]>> entries, long flags) throws IOException {
        object.map(map).updateBatch(entries, flags);
    }

    @Override
    public byte[] read(GlobalVariable variable) throws IOException {
        return object.map(variable.section()).read(variable.offset(), variable.size());
    }

    @Override
    public void write(GlobalVariable variable, byte[] value) throws IOException {
        object.map(variable.section()).write(variable.offset(), value);
    }

    @Override
    public long physicalAddress(GlobalVariable variable) {
        throw new UnsupportedOperationException(variable.name()
                + " is in the running kernel: only the memory of a machine has physical addresses here");
    }

    @Override
    public byte[] readStream(String program, BpfStream stream) throws IOException {
        return object.readStream(program, stream.number());
    }

    @Override
    public RingSource ring(String map) throws IOException {
        RunningRing ring = object.map(map).ring();
        return new RingSource() {
            @Override
            public List<byte[]> poll(int most, int mostBytes, Duration timeout) throws IOException {
                return ring.poll(most, mostBytes, (int) timeout.toMillis());
            }

            @Override
            public long tooLong() {
                return ring.tooLong();
            }

            @Override
            public void close() {
                ring.close();
            }
        };
    }

    @Override
    public void close() {
        object.close();
    }
}
