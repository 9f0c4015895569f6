// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.bpf.BpfLine;
import io.ksplat.bpf.BpfStream;
import io.ksplat.bpf.BpfTarget;
import io.ksplat.bpf.GlobalVariable;
import io.ksplat.bpf.RunResult;
import io.ksplat.bpf.internal.BpfBackend;
import io.ksplat.bpf.internal.libbpf.MapBatch;
import io.ksplat.kernel.Symbol;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;

/** A loaded object whose 32-bit globals, and whose streams, hold what a test says. */
public final class ScriptedBackend implements BpfBackend {
    private static final long PAGE = 4096;

    private final long handle;
    private final Map<String, Integer> globals;
    private final Queue<String> streamed;
    private final Closeable closing;

    public ScriptedBackend(long handle, Map<String, Integer> globals) {
        this(handle, globals, new ArrayDeque<>(), () -> {});
    }

    /**
     * @param streamed what each read of a stream takes from it; nothing more is there after the last
     * @param closing is done when it is unloaded
     */
    ScriptedBackend(long handle, Map<String, Integer> globals, Queue<String> streamed, Closeable closing) {
        this.handle = handle;
        this.globals = globals;
        this.streamed = streamed;
        this.closing = closing;
    }

    @Override
    public long handle() {
        return handle;
    }

    @Override
    public BpfBackend in(BpfTarget restored) {
        return this;
    }

    @Override
    public List<String> programs() {
        return List.of("run");
    }

    @Override
    public List<MapFacts> maps() {
        return List.of();
    }

    @Override
    public List<Symbol> symbols() {
        return List.of();
    }

    @Override
    public List<BpfLine> lines() {
        return List.of();
    }

    @Override
    public byte[] read(GlobalVariable variable) {
        return ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(globals.getOrDefault(variable.name(), 0))
                .array();
    }

    @Override
    public void close() throws IOException {
        closing.close();
    }

    @Override
    public long attach(String program) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void detach(long link) {
        throw new UnsupportedOperationException();
    }

    @Override
    public RunResult run(RunPlan plan) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void start(RunPlan plan, Optional<Party> party) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Optional<byte[]> lookup(String map, byte[] key) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void update(String map, byte[] key, byte[] value, long flags) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void delete(String map, byte[] key) {
        throw new UnsupportedOperationException();
    }

    @Override
    public List<byte[]> keys(String map) {
        throw new UnsupportedOperationException();
    }

    @Override
    public MapBatch lookupBatch(String map, Optional<byte[]> from, int most) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void updateBatch(String map, List<Map.Entry<byte[], byte[]>> entries, long flags) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void write(GlobalVariable variable, byte[] value) {
        throw new UnsupportedOperationException();
    }

    /** Each object has a page. */
    @Override
    public long physicalAddress(GlobalVariable variable) {
        return handle * PAGE + variable.offset();
    }

    @Override
    public byte[] readStream(String program, BpfStream stream) {
        String text = streamed.poll();
        return (text == null ? "" : text).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public RingSource ring(String map) {
        throw new UnsupportedOperationException();
    }
}
