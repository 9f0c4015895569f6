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
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A loaded BPF object: its programs, maps and global variables, by name. Closing it detaches and unloads it; after that, it and everything
 * that it returned throw IllegalStateException. Thread-safe.
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

    /** Wraps an object that a target loaded; only targets call this. */
    public BpfObject(BpfObjectFile file, BpfBackend backend) {
        this.file = file;
        this.backend = backend;
        backend.programs().forEach(name -> programs.put(name, new BpfProgram(this, name)));
        // A newer libbpf on the target may see maps that the one here does not, such as those of struct_ops.
        Set<String> known = file.maps().stream().map(BpfMapInfo::name).collect(Collectors.toSet());
        backend.maps().stream()
                .filter(map -> known.contains(map.name()))
                .forEach(map -> maps.put(map.name(), new BpfMap(this, map, file.map(map.name()))));
    }

    /** Prepares an object for loading. */
    public static BpfObjectSpec open(BpfObjectFile file) {
        return new BpfObjectSpec(file, BpfLoadPlan.none());
    }

    /**
     * Loads an object as it is, with the programs that libbpf loads by default.
     *
     * @throws VerifierException if the kernel's verifier refuses a program
     * @throws KernelLacksException if the kernel has not what it needs
     * @throws BpfException for any other refusal
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

    /** Returns whether it was closed. */
    public boolean isClosed() {
        return closed;
    }

    /** Returns the file that it was loaded from. */
    public BpfObjectFile file() {
        return file;
    }

    /**
     * Returns a loaded program.
     *
     * @throws NoSuchElementException if no such program was loaded; the message names those that were
     */
    public BpfProgram program(String name) {
        return named("program", name, programs);
    }

    /**
     * Returns a map, or a data section (".bss").
     *
     * @throws NoSuchElementException if the object has no such map; the message names those that it has
     */
    public BpfMap map(String name) {
        return named("map", name, maps);
    }

    /**
     * Returns a global variable.
     *
     * @throws NoSuchElementException if the object has no such variable; the message names those that it has
     */
    public Global global(String name) {
        backend();
        return new Global(this, file.global(name));
    }

    /** Opens a consumer of a ring buffer, whose records are bytes. Open one at a time for each ring buffer. */
    public RingBuffer<byte[]> ringBuffer(String map) throws IOException {
        return keep(RingBuffer.ofBytes(this, map(map)));
    }

    /**
     * Opens a consumer of a ring buffer, whose records have a C type.
     *
     * @param type the name of the struct in the object's BTF ("event"), see {@link BpfObjectFile#type}
     * @throws BtfMismatchException if the Java type does not fit it
     */
    public <T> RingBuffer<T> ringBuffer(String map, Class<T> java, String type) throws IOException {
        return keep(RingBuffer.of(this, map(map), java, file.type(type), type));
    }

    private <T> RingBuffer<T> keep(RingBuffer<T> ring) {
        synchronized (rings) {
            rings.add(ring);
        }
        return ring;
    }

    /** Returns whether a global variable belongs to this object. */
    public boolean owns(Global global) {
        return global.isOf(backend.handle());
    }

    /** Returns the source lines of the JITed code; empty if the object was compiled without debug information. */
    public List<BpfLine> lines() {
        return backend.lines();
    }

    /** Returns the JITed programs, with their names in kallsyms; empty if the running kernel hides addresses from this process. */
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

    /** Detaches and unloads it. A map is freed when nothing in the kernel holds it any longer. Closing it again does nothing. */
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
