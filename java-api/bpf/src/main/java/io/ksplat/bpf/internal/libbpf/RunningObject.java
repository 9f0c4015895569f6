// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import io.ksplat.bpf.BpfException;
import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.bpf.BpfProgramInfo;
import io.ksplat.bpf.GlobalVariable;
import io.ksplat.bpf.LibbpfException;
import io.ksplat.bpf.internal.jna.Libbpf;
import io.ksplat.bpf.internal.jna.Libc;
import io.ksplat.bpf.internal.jna.SizeT;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A BPF object in the running kernel. Thread-safe. {@link #close} waits for the calls that have begun; after it, every method throws
 * IllegalStateException. So libbpf's memory is never used after it is freed.
 */
public final class RunningObject implements AutoCloseable {
    /** The largest log that the kernel writes. Pages that it does not write to take no memory. */
    private static final int LOG_BYTES = 16 << 20;

    private final Lifetime life;
    private final Libbpf.BpfObject object;
    private final Map<String, Libbpf.BpfProgram> programs = new LinkedHashMap<>();
    private final Map<String, RunningMap> maps = new LinkedHashMap<>();
    private final Map<Long, Libbpf.BpfLink> links = new HashMap<>();
    private long lastLink;

    private RunningObject(String name, Libbpf.BpfObject object) throws IOException {
        this.life = new Lifetime("the BPF object " + name);
        this.object = object;
        for (Libbpf.BpfProgram program : programs(object)) {
            if (Libbpf.bpf_program__fd(program) >= 0) {
                programs.put(Libbpf.bpf_program__name(program), program);
            }
        }
        try {
            Libbpf.BpfMap map = Libbpf.bpf_object__next_map(object, null);
            while (map != null) {
                if (Libbpf.bpf_map__fd(map) >= 0) {
                    maps.put(OpenedObject.label(map), RunningMap.of(life, map));
                }
                map = Libbpf.bpf_object__next_map(object, map);
            }
        } catch (IOException e) {
            maps.values().forEach(RunningMap::unmap);
            throw e;
        }
    }

    /**
     * Loads a program that does nothing, to check that this process may load programs into the running kernel.
     *
     * @throws BpfException if it may not
     */
    public static void probe() throws IOException {
        final int rawTracepoint = 17;
        try (NativeCall call = NativeCall.open();
                Memory nothing = new Memory(16)) {
            // r0 = 0; exit
            nothing.setLong(0, 0xb7);
            nothing.setLong(8, 0x95);
            int fd = Libbpf.bpf_prog_load(rawTracepoint, "ksplat_probe", "GPL", nothing, new SizeT(2), null);
            if (fd < 0) {
                throw call.refused("load a BPF program into the running kernel", -fd);
            }
            Libc.close(fd);
        }
    }

    /**
     * Loads an object.
     *
     * @throws VerifierException if the kernel's verifier refuses a program
     * @throws BpfException for any other refusal
     * @throws LibbpfException if libbpf cannot open it, or is not installed
     */
    public static RunningObject load(BpfObjectFile file, BpfLoadPlan plan) throws IOException {
        try (NativeCall call = NativeCall.open();
                Memory bytes = OpenedObject.bytes(file.name(), file.bytes());
                Memory log = new Memory(LOG_BYTES)) {
            Libbpf.BpfObject object = OpenedObject.handle(call, file.name(), bytes);
            boolean loaded = false;
            try {
                choosePrograms(object, file, plan.programs());
                for (BpfLoadPlan.Initial initial : plan.initial()) {
                    set(call, object, initial);
                }
                for (Map.Entry<String, Integer> size : plan.maxEntries().entrySet()) {
                    int error = Libbpf.bpf_map__set_max_entries(map(object, size.getKey()), size.getValue());
                    if (error < 0) {
                        throw call.refused("size map " + size.getKey(), -error);
                    }
                }
                log.setByte(0, (byte) 0);
                for (Libbpf.BpfProgram program : programs(object)) {
                    Libbpf.bpf_program__set_log_buf(program, log, new SizeT(LOG_BYTES));
                }
                int error = Libbpf.bpf_object__load(object);
                if (error < 0) {
                    throw refusal(call, object, file, -error, log);
                }
                RunningObject running = new RunningObject(file.name(), object);
                loaded = true;
                return running;
            } finally {
                if (!loaded) {
                    Libbpf.bpf_object__close(object);
                }
            }
        }
    }

    private static void choosePrograms(Libbpf.BpfObject object, BpfObjectFile file, List<String> wanted) {
        wanted.forEach(file::program);
        for (Libbpf.BpfProgram program : programs(object)) {
            if (!wanted.isEmpty()) {
                Libbpf.bpf_program__set_autoload(program, wanted.contains(Libbpf.bpf_program__name(program)));
            }
        }
    }

    private static void set(NativeCall call, Libbpf.BpfObject object, BpfLoadPlan.Initial initial) throws BpfException {
        GlobalVariable variable = initial.variable();
        Libbpf.BpfMap map = map(object, variable.section());
        try (Memory size = new Memory(8)) {
            Pointer section = Libbpf.bpf_map__initial_value(map, size);
            if (section == null || variable.offset() + (long) variable.size() > size.getLong(0)) {
                throw new BpfException("set " + variable.name() + " in " + variable.section(), Errno.ENOENT, "");
            }
            try (Memory image = new Memory(size.getLong(0))) {
                image.write(0, section.getByteArray(0, (int) image.size()), 0, (int) image.size());
                image.write(variable.offset(), initial.value(), 0, variable.size());
                int error = Libbpf.bpf_map__set_initial_value(map, image, new SizeT(image.size()));
                if (error < 0) {
                    throw call.refused("set " + variable.name() + " in " + variable.section(), -error);
                }
            }
        }
    }

    /** Finds the refused program in what libbpf printed: libbpf closes all programs if one fails. */
    private static BpfException refusal(
            NativeCall call, Libbpf.BpfObject object, BpfObjectFile file, int errno, Memory log) {
        for (Libbpf.BpfProgram program : programs(object)) {
            String name = Libbpf.bpf_program__name(program);
            if (call.printed().contains("prog '" + name + "': BPF program load failed")) {
                String verifierLog = log.getString(0, "UTF-8");
                // The kernel writes no log if it refuses before it verifies: a missing capability, a size.
                return verifierLog.isEmpty()
                        ? explained(call, file, "load program " + name, errno, Optional.empty())
                        : explained(call, file, name, errno, Optional.of(verifierLog));
            }
        }
        return explained(call, file, "load BPF object " + file.name(), errno, Optional.empty());
    }

    /** The running kernel is not probed: what libbpf says must do. */
    private static BpfException explained(
            NativeCall call, BpfObjectFile file, String what, int errno, Optional<String> verifierLog) {
        return LoadFailure.exception(new LoadFailure.Report(
                what,
                errno,
                verifierLog,
                call.printed(),
                List.of(),
                file.programs().stream().collect(Collectors.toMap(BpfProgramInfo::name, BpfProgramInfo::section))));
    }

    private static List<Libbpf.BpfProgram> programs(Libbpf.BpfObject object) {
        List<Libbpf.BpfProgram> programs = new ArrayList<>();
        Libbpf.BpfProgram program = Libbpf.bpf_object__next_program(object, null);
        while (program != null) {
            programs.add(program);
            program = Libbpf.bpf_object__next_program(object, program);
        }
        return programs;
    }

    private static Libbpf.BpfMap map(Libbpf.BpfObject object, String name) {
        Libbpf.BpfMap map = Libbpf.bpf_object__next_map(object, null);
        while (map != null && !OpenedObject.label(map).equals(name)) {
            map = Libbpf.bpf_object__next_map(object, map);
        }
        if (map == null) {
            throw new NoSuchElementException("the object has no map " + name);
        }
        return map;
    }

    /** Returns the names of the loaded programs. */
    public List<String> programs() {
        return List.copyOf(programs.keySet());
    }

    /** Returns the names of the maps, with those of data sections (".bss"). */
    public List<String> maps() {
        return List.copyOf(maps.keySet());
    }

    /**
     * Returns a map.
     *
     * @throws NoSuchElementException if there is none of that name
     */
    public RunningMap map(String name) {
        RunningMap map = maps.get(name);
        if (map == null) {
            throw new NoSuchElementException("the object has no map " + name);
        }
        return map;
    }

    /** Returns the JITed code of the programs. */
    public List<JitedFunction> code() throws IOException {
        return life.during(() -> {
            List<JitedFunction> all = new ArrayList<>();
            for (Map.Entry<String, Libbpf.BpfProgram> program : programs.entrySet()) {
                all.addAll(RunningCode.of(
                        program.getKey(), Libbpf.bpf_program__fd(program.getValue()), Libbpf.bpf_object__btf(object)));
            }
            return all;
        });
    }

    /**
     * Attaches a program where its section says.
     *
     * @return a number for {@link #detach}
     */
    public long attach(String name) throws IOException {
        return life.during(() -> {
            try (NativeCall call = NativeCall.open()) {
                Libbpf.BpfLink link = Libbpf.bpf_program__attach(program(name));
                if (link == null) {
                    throw call.refused("attach program " + name);
                }
                synchronized (links) {
                    links.put(++lastLink, link);
                    return lastLink;
                }
            }
        });
    }

    /** Detaches what {@link #attach} attached. Does nothing if it is detached already. */
    public void detach(long number) throws IOException {
        life.during(() -> {
            try (NativeCall call = NativeCall.open()) {
                Libbpf.BpfLink link;
                synchronized (links) {
                    link = links.remove(number);
                }
                int error = link == null ? 0 : Libbpf.bpf_link__destroy(link);
                if (error < 0) {
                    throw call.refused("detach a program", -error);
                }
                return error;
            }
        });
    }

    /** Prepares a run of a program, which may continue after this object is closed. */
    public RunningProgram program(String name, int repeat) throws IOException {
        return life.during(() -> RunningProgram.of(name, Libbpf.bpf_program__fd(program(name)), repeat));
    }

    /**
     * Reads a stream of a program, and empties it.
     *
     * @param stream 1 for stdout, 2 for stderr
     */
    public byte[] readStream(String name, int stream) throws IOException {
        return life.during(() -> RunningStream.read(name, Libbpf.bpf_program__fd(program(name)), stream));
    }

    private Libbpf.BpfProgram program(String name) {
        Libbpf.BpfProgram program = programs.get(name);
        if (program == null) {
            throw new NoSuchElementException("program " + name + " was not loaded");
        }
        return program;
    }

    /** Detaches and unloads it. A map is freed when nothing in the kernel holds it any longer. */
    @Override
    public void close() {
        life.end(() -> {
            links.values().forEach(Libbpf::bpf_link__destroy);
            links.clear();
            maps.values().forEach(RunningMap::unmap);
            Libbpf.bpf_object__close(object);
        });
    }
}
