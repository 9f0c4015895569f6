// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import io.ksplat.bpf.internal.BpfBackend;
import io.ksplat.bpf.internal.libbpf.BpfLoadPlan;
import io.ksplat.kernel.Symbol;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/**
 * A loaded BPF object: its programs, maps and global variables, by name. It detaches and unloads when it is closed; after that, it and
 * all that it gave throw IllegalStateException. Thread-safe.
 *
 * <pre>{@code
 * BpfObjectFile file = BpfObjectFile.read(Path.of("nmi_task_kptr.bpf.o"));
 * try (BpfObject bpf = BpfObject.open(file).set("target_pid", 7).load(target)) {
 *     bpf.program("stash_task").run();
 *     try (BpfProgram.Link attached = bpf.program("on_nmi").attach()) {
 *         System.out.println(bpf.global("dropped").get());
 *     }
 * }
 * }</pre>
 */
public final class BpfObject implements AutoCloseable {
    private final BpfObjectFile file;
    private final BpfBackend backend;
    private final Map<String, BpfProgram> programs = new HashMap<>();
    private final Map<String, BpfMap> maps = new HashMap<>();
    private final List<RingBuffer<?>> rings = new ArrayList<>();
    private volatile boolean closed;

    /** Wraps an object that a target has loaded; only targets call this. */
    public BpfObject(BpfObjectFile file, BpfBackend backend) {
        this.file = file;
        this.backend = backend;
        backend.programs().forEach(name -> programs.put(name, new BpfProgram(this, name)));
        backend.maps().forEach(map -> maps.put(map.name(), new BpfMap(this, map, file.map(map.name()))));
    }

    /** An object that is going to be loaded: what has to be set before is set there. */
    public static BpfObjectSpec open(BpfObjectFile file) {
        return new BpfObjectSpec(file, BpfLoadPlan.none());
    }

    /**
     * Loads an object's programs as they are, all of those that libbpf loads by itself.
     *
     * @throws io.ksplat.bpf.VerifierException where the kernel's verifier refuses one
     * @throws io.ksplat.bpf.BpfException for any other refusal
     */
    public static BpfObject load(BpfTarget target, BpfObjectFile file) throws IOException {
        return open(file).load(target);
    }

    /**
     * Returns the same object in a machine that was restored from one in which it was loaded.
     *
     * @throws IllegalStateException if it is in the running kernel, which nothing restores
     */
    public BpfObject in(BpfTarget restored) {
        return new BpfObject(file, backend().in(restored));
    }

    public boolean isClosed() {
        return closed;
    }

    /** What was compiled. */
    public BpfObjectFile file() {
        return file;
    }

    /**
     * One of its programs.
     *
     * @throws NoSuchElementException where no such program was loaded, naming those that were
     */
    public BpfProgram program(String name) {
        return named("program", name, programs);
    }

    /**
     * One of its maps; global sections count (".bss").
     *
     * @throws NoSuchElementException where the object has no such map, naming those that it has
     */
    public BpfMap map(String name) {
        return named("map", name, maps);
    }

    /**
     * One of its global variables.
     *
     * @throws NoSuchElementException where the object has no such global variable, naming those that it has
     */
    public Global global(String name) {
        backend();
        return new Global(this, file.global(name));
    }

    /** A consumer of one of its ring buffers; records are the bytes that the program wrote. One at a time for each ring. */
    public RingBuffer<byte[]> ringBuffer(String map) throws IOException {
        return kept(RingBuffer.ofBytes(this, map(map)));
    }

    /**
     * A consumer of one of its ring buffers, whose records are of one C type.
     *
     * @param type the struct's name in the object's BTF ("event"), see {@link BpfObjectFile#type}
     * @throws io.ksplat.bpf.BtfMismatchException where the Java type does not fit it
     */
    public <T> RingBuffer<T> ringBuffer(String map, Class<T> java, String type) throws IOException {
        return kept(RingBuffer.of(this, map(map), java, file.type(type), type));
    }

    private <T> RingBuffer<T> kept(RingBuffer<T> ring) {
        synchronized (rings) {
            rings.add(ring);
        }
        return ring;
    }

    /** Whether a global variable is one of this object's. */
    public boolean owns(Global global) {
        return global.isOf(backend.handle());
    }

    /** Where the JITed code comes from; empty for an object that was compiled without debug information. */
    public List<BpfLine> lines() {
        return backend.lines();
    }

    /** The JITed programs, named as kallsyms names them; empty where the running kernel shows this process no addresses. */
    public List<Symbol> symbols() {
        return backend.symbols();
    }

    /** @throws IllegalStateException if the object was closed */
    BpfBackend backend() {
        if (closed) {
            throw new IllegalStateException("the BPF object " + file.name() + " is closed");
        }
        return backend;
    }

    long handle() {
        return backend.handle();
    }

    /** Detaches and unloads it. Maps go when nothing in the kernel holds them any longer. A second time does nothing. */
    @Override
    public void close() throws IOException {
        synchronized (rings) {
            if (closed) {
                return;
            }
            closed = true;
            rings.forEach(RingBuffer::close);
        }
        backend.close();
    }

    private <T> T named(String what, String name, Map<String, T> all) {
        backend();
        T found = all.get(name);
        if (found == null) {
            throw new NoSuchElementException(file.name() + " has no " + what + " " + name + "; it has "
                    + String.join(", ", all.keySet().stream().sorted().toList()));
        }
        return found;
    }
}
