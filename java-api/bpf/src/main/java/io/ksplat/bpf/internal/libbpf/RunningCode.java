// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import io.ksplat.bpf.BpfException;
import io.ksplat.bpf.internal.jna.Libbpf;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads the code of a loaded program from {@code struct bpf_prog_info} (linux/bpf.h): first the sizes of its arrays, then the arrays. */
final class RunningCode {
    private static final int INFO_BYTES = 232;
    private static final int TAG_BYTES = 8;
    private static final int LINE_SHIFT = 10;

    /** Offsets of fields. */
    private static final int TAG = 8;

    private static final int NAME = 64;
    private static final int BTF_TYPE_BYTES = 12;

    /** An array that the kernel fills: the offsets of its pointer, its count and its record size, or the record size if it has no field. */
    private enum Part {
        ADDRESSES(112, 104, 0, 8),
        LENGTHS(120, 108, 0, 4),
        FUNCTIONS(136, 144, 132, 0),
        LINES(152, 148, 172, 0),
        LINE_ADDRESSES(160, 168, 176, 0),
        TAGS(184, 180, 0, TAG_BYTES);

        final int pointer;
        final int count;
        final int sizeField;
        final int fixed;

        Part(int pointer, int count, int sizeField, int fixed) {
            this.pointer = pointer;
            this.count = count;
            this.sizeField = sizeField;
            this.fixed = fixed;
        }

        int size(Memory info) {
            return sizeField == 0 ? fixed : info.getInt(sizeField);
        }
    }

    private final Memory info;
    private final Map<Part, Memory> parts;
    private final Libbpf.@Nullable Btf btf;

    private RunningCode(Memory info, Map<Part, Memory> parts, Libbpf.@Nullable Btf btf) {
        this.info = info;
        this.parts = parts;
        this.btf = btf;
    }

    /** Returns the functions of a program, the main one first; none if the kernel hides addresses from this process. */
    static List<JitedFunction> of(String program, int fd, Libbpf.@Nullable Btf btf) throws IOException {
        Map<Part, Memory> parts = new EnumMap<>(Part.class);
        try (NativeCall call = NativeCall.open();
                Memory counts = new Memory(INFO_BYTES);
                Memory info = new Memory(INFO_BYTES)) {
            counts.clear();
            readInfo(call, program, fd, counts);
            info.clear();
            for (Part part : Part.values()) {
                Memory array = new Memory(1L + (long) counts.getInt(part.count) * part.size(counts));
                parts.put(part, array);
                array.clear();
                info.setInt(part.count, counts.getInt(part.count));
                info.setPointer(part.pointer, array);
                if (part.sizeField != 0) {
                    info.setInt(part.sizeField, part.size(counts));
                }
            }
            readInfo(call, program, fd, info);
            return new RunningCode(info, parts, btf).functions();
        } finally {
            parts.values().forEach(Memory::close);
        }
    }

    private static void readInfo(NativeCall call, String program, int fd, Memory info) throws BpfException {
        try (Memory length = new Memory(Integer.BYTES)) {
            length.setInt(0, INFO_BYTES);
            int error = Libbpf.bpf_obj_get_info_by_fd(fd, info, length);
            if (error < 0) {
                throw call.refused("read the code of program " + program, -error);
            }
        }
    }

    private Memory part(Part part) {
        return Objects.requireNonNull(parts.get(part));
    }

    private int count(Part part) {
        return info.getInt(part.count);
    }

    private List<JitedFunction> functions() {
        List<JitedFunction> functions = new ArrayList<>();
        for (int i = 0; i < count(Part.ADDRESSES); i++) {
            long address = part(Part.ADDRESSES).getLong((long) i * Long.BYTES);
            if (address != 0 && i < count(Part.LENGTHS)) {
                int size = part(Part.LENGTHS).getInt((long) i * Integer.BYTES);
                functions.add(new JitedFunction(name(i), address, size, lines(address, size)));
            }
        }
        return functions;
    }

    /** Returns the name that bpf_prog_ksym_set_name() (kernel/bpf/core.c) makes. The first element of TAGS does not occur in it. */
    private String name(int function) {
        byte[] tag = function > 0 && function < count(Part.TAGS)
                ? part(Part.TAGS).getByteArray((long) function * TAG_BYTES, TAG_BYTES)
                : info.getByteArray(TAG, TAG_BYTES);
        String own = function == 0 ? info.getString(NAME, "UTF-8") : "";
        String name = nameInBtf(function).orElse(own);
        return "bpf_prog_" + HexFormat.of().formatHex(tag) + (name.isEmpty() ? "" : "_" + name);
    }

    private Optional<String> nameInBtf(int function) {
        if (btf == null || function >= count(Part.FUNCTIONS)) {
            return Optional.empty();
        }
        // struct bpf_func_info: insn_off, type_id; struct btf_type: name_off
        int type = part(Part.FUNCTIONS).getInt((long) function * Part.FUNCTIONS.size(info) + 4);
        Pointer found = Libbpf.btf__type_by_id(btf, type);
        return found == null
                ? Optional.empty()
                : Optional.ofNullable(Libbpf.btf__name_by_offset(
                        btf, found.share(0, BTF_TYPE_BYTES).getInt(0)));
    }

    private List<JitedFunction.Line> lines(long address, int size) {
        List<JitedFunction.Line> lines = new ArrayList<>();
        int count = btf == null ? 0 : Math.min(count(Part.LINES), count(Part.LINE_ADDRESSES));
        for (int i = 0; i < count; i++) {
            long at = part(Part.LINE_ADDRESSES).getLong((long) i * Part.LINE_ADDRESSES.size(info));
            // struct bpf_line_info: insn_off, file_name_off, line_off, line_col
            long line = (long) i * Part.LINES.size(info);
            String file = Libbpf.btf__name_by_offset(btf, part(Part.LINES).getInt(line + 4));
            if (file != null && Long.compareUnsigned(at - address, size) < 0) {
                lines.add(new JitedFunction.Line(at, file, part(Part.LINES).getInt(line + 12) >>> LINE_SHIFT));
            }
        }
        return lines;
    }
}
