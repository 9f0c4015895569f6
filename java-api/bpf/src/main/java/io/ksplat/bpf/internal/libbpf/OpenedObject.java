// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import io.ksplat.bpf.BpfMapInfo;
import io.ksplat.bpf.BpfProgramInfo;
import io.ksplat.bpf.BtfType;
import io.ksplat.bpf.LibbpfException;
import io.ksplat.bpf.internal.jna.Libbpf;
import io.ksplat.bpf.internal.jna.SizeT;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What libbpf tells about an object that it opened. The BTF is libbpf's copy, with the offsets of global variables filled in. */
public record OpenedObject(List<BpfProgramInfo> programs, List<BpfMapInfo> maps, Btf btf) {
    // types whose section has a slash and the name of the attach point (libbpf's section_defs)
    private static final Set<String> NAMING_TYPES = Set.of(
            "kprobe", "tracepoint", "raw_tracepoint", "raw_tracepoint_writable", "tracing", "lsm", "ext", "struct_ops");

    /**
     * Opens an object, and closes it again.
     *
     * @throws LibbpfException if libbpf refuses it, or is not installed
     */
    public static OpenedObject open(String name, byte[] object) throws LibbpfException {
        try (NativeCall call = NativeCall.open();
                Memory bytes = bytes(name, object)) {
            Libbpf.BpfObject opened = handle(call, name, bytes);
            try {
                Btf btf = btf(name, opened);
                return new OpenedObject(programs(opened), maps(opened, btf), btf);
            } finally {
                Libbpf.bpf_object__close(opened);
            }
        }
    }

    /** Copies the bytes of an object to native memory. */
    static Memory bytes(String name, byte[] object) throws LibbpfException {
        if (object.length == 0) {
            throw new LibbpfException("cannot open " + name + ": it is empty");
        }
        Memory bytes = new Memory(object.length);
        bytes.write(0, object, 0, object.length);
        return bytes;
    }

    /** Opens an object. The caller calls bpf_object__close(), and keeps the bytes until the object is loaded. */
    static Libbpf.BpfObject handle(NativeCall call, String name, Memory bytes) throws LibbpfException {
        try (Memory objectName = cString(mapPrefix(name));
                Memory options = new Memory(16)) {
            // struct bpf_object_open_opts up to object_name: libbpf reads only the fields that sz covers
            options.setLong(0, options.size());
            options.setPointer(8, objectName);
            Libbpf.BpfObject opened = Libbpf.bpf_object__open_mem(bytes, new SizeT(bytes.size()), options);
            if (opened == null) {
                throw call.failed("libbpf cannot open " + name);
            }
            return opened;
        }
    }

    private static List<BpfProgramInfo> programs(Libbpf.BpfObject object) {
        List<BpfProgramInfo> programs = new ArrayList<>();
        Libbpf.BpfProgram program = Libbpf.bpf_object__next_program(object, null);
        while (program != null) {
            String section = Libbpf.bpf_program__section_name(program);
            String type = word(Libbpf.libbpf_bpf_prog_type_str(Libbpf.bpf_program__type(program)));
            int slash = section.indexOf('/');
            programs.add(new BpfProgramInfo(
                    Libbpf.bpf_program__name(program),
                    section,
                    type,
                    word(Libbpf.libbpf_bpf_attach_type_str(Libbpf.bpf_program__expected_attach_type(program))),
                    slash >= 0 && NAMING_TYPES.contains(type)
                            ? Optional.of(section.substring(slash + 1))
                            : Optional.empty(),
                    Libbpf.bpf_program__autoload(program)));
            program = Libbpf.bpf_object__next_program(object, program);
        }
        return List.copyOf(programs);
    }

    private static List<BpfMapInfo> maps(Libbpf.BpfObject object, Btf btf) throws LibbpfException {
        List<BpfMapInfo> maps = new ArrayList<>();
        Libbpf.BpfMap map = Libbpf.bpf_object__next_map(object, null);
        while (map != null) {
            boolean dataSection = Libbpf.bpf_map__is_internal(map);
            maps.add(new BpfMapInfo(
                    label(map),
                    word(Libbpf.libbpf_bpf_map_type_str(Libbpf.bpf_map__type(map))),
                    Libbpf.bpf_map__key_size(map),
                    Libbpf.bpf_map__value_size(map),
                    Libbpf.bpf_map__max_entries(map),
                    dataSection,
                    dataSection ? Optional.empty() : type(btf, Libbpf.bpf_map__btf_key_type_id(map)),
                    dataSection ? Optional.empty() : type(btf, Libbpf.bpf_map__btf_value_type_id(map))));
            map = Libbpf.bpf_object__next_map(object, map);
        }
        return List.copyOf(maps);
    }

    private static Optional<BtfType> type(Btf btf, int id) throws LibbpfException {
        return id == 0 ? Optional.empty() : Optional.of(BtfModel.type(btf, id));
    }

    /** Returns the name of a map in the source; ".bss" for a data section, which libbpf names OBJECT.bss. */
    static String label(Libbpf.BpfMap map) {
        String name = Libbpf.bpf_map__name(map);
        return Libbpf.bpf_map__is_internal(map) ? name.substring(Math.max(0, name.indexOf('.'))) : name;
    }

    private static Btf btf(String name, Libbpf.BpfObject object) throws LibbpfException {
        Libbpf.Btf btf = Libbpf.bpf_object__btf(object);
        if (btf == null) {
            throw new LibbpfException(name + " has no BTF: compile it with -g");
        }
        IntByReference size = new IntByReference();
        Pointer raw = Libbpf.btf__raw_data(btf, size);
        if (raw == null) {
            throw new LibbpfException("libbpf cannot return the BTF of " + name + ": out of memory");
        }
        return Btf.parse(raw.getByteArray(0, size.getValue()));
    }

    /** Returns a name without dots: libbpf puts it and a dot before the names of data sections. */
    private static String mapPrefix(String name) {
        int dot = name.indexOf('.');
        return dot <= 0 ? "object" : name.substring(0, dot);
    }

    static Memory cString(String text) {
        Memory memory = new Memory(4L * text.length() + 1);
        memory.setString(0, text, "UTF-8");
        return memory;
    }

    private static String word(@Nullable String libbpfWord) {
        return libbpfWord == null ? "unspec" : libbpfWord;
    }
}
