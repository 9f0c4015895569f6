// SPDX-License-Identifier: Apache-2.0
package io.ksplat.guest;

import com.google.protobuf.ByteString;
import io.ksplat.guest.proto.BpfLoad;
import io.ksplat.guest.proto.BpfUnload;
import io.ksplat.guest.proto.JitedFunction;
import io.ksplat.guest.proto.JitedLine;
import io.ksplat.guest.proto.Request;
import io.ksplat.kernel.Symbol;
import io.ksplat.libbpf.BpfObjectFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/** A BPF object loaded in a guest: its programs, maps and global variables, by name. */
public final class BpfObject implements AutoCloseable {
    private final Guest guest;
    private final BpfObjectFile file;
    private final io.ksplat.guest.proto.BpfObject loaded;
    private final int handle;
    private final Map<String, BpfProgram> programs = new HashMap<>();
    private final Map<String, BpfMap> maps = new HashMap<>();
    private final List<Symbol> symbols = new ArrayList<>();
    private final List<BpfLine> lines = new ArrayList<>();
    private boolean closed;

    private BpfObject(Guest guest, BpfObjectFile file, io.ksplat.guest.proto.BpfObject loaded) {
        this.guest = guest;
        this.file = file;
        this.loaded = loaded;
        this.handle = loaded.getHandle();
        loaded.getProgramsList().forEach(program -> {
            programs.put(program.getName(), new BpfProgram(guest.agent(), handle, program));
            program.getFunctionsList().forEach(this::addFunction);
        });
        loaded.getMapsList().forEach(map -> maps.put(map.getName(), new BpfMap(guest.agent(), handle, map)));
    }

    /**
     * Loads an object's programs, all of those that libbpf loads by itself.
     *
     * @throws AgentException.Verifier where the kernel's verifier refuses one
     * @throws AgentException for any other refusal
     */
    public static BpfObject load(Guest guest, BpfObjectFile file) throws IOException {
        BpfLoad.Builder load = BpfLoad.newBuilder()
                .setName(file.name().replaceAll("[^A-Za-z0-9_]", "_"))
                .setObject(ByteString.copyFrom(file.bytes()));
        return new BpfObject(
                guest,
                file,
                guest.agent().call(Request.newBuilder().setBpfLoad(load)).getBpfObject());
    }

    /** The same object in a guest that was restored from one in which it was loaded. */
    public BpfObject in(Guest restored) {
        if (closed) {
            throw new IllegalStateException("the BPF object " + file.name() + " is closed");
        }
        return new BpfObject(restored, file, loaded);
    }

    public boolean isClosed() {
        return closed;
    }

    /**
     * One of its programs.
     *
     * @throws NoSuchElementException where the object has no such program, naming those that it has
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
        var variable = file.global(name);
        return new Global(guest, handle, variable, map(variable.section()));
    }

    /** Whether a global variable is one of this object's. */
    public boolean owns(Global global) {
        return global.isOf(handle);
    }

    private void addFunction(JitedFunction jited) {
        symbols.add(Symbol.bpf(jited.getName(), jited.getAddress(), jited.getLength()));
        String file = "";
        for (JitedLine line : jited.getLinesList()) {
            file = line.getFile().isEmpty() ? file : line.getFile();
            lines.add(new BpfLine(jited.getAddress() + line.getOffset(), file, line.getLine()));
        }
    }

    /** Where the JITed code comes from; empty for an object that was compiled without debug information. */
    public List<BpfLine> lines() {
        return List.copyOf(lines);
    }

    /** The JITed programs, named as kallsyms names them. */
    public List<Symbol> symbols() {
        return List.copyOf(symbols);
    }

    /** Detaches and unloads it. Maps go when nothing in the kernel holds them any longer. */
    @Override
    public void close() throws IOException {
        if (!closed) {
            closed = true;
            guest.agent()
                    .call(Request.newBuilder()
                            .setBpfUnload(BpfUnload.newBuilder().setHandle(handle)));
        }
    }

    private <T> T named(String what, String name, Map<String, T> all) {
        if (closed) {
            throw new IllegalStateException("the BPF object " + file.name() + " is closed");
        }
        T found = all.get(name);
        if (found == null) {
            throw new NoSuchElementException(file.name() + " has no " + what + " " + name + "; it has "
                    + String.join(", ", all.keySet().stream().sorted().toList()));
        }
        return found;
    }
}
