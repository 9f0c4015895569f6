// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import io.ksplat.bpf.LibbpfException;
import io.ksplat.kernel.internal.Elf;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The programs of an object with their {@code btf_decl_tag}s, read from the file alone: an object that is newer than this machine's
 * libbpf is read as well.
 *
 * @param section without a {@code ?} before it
 * @param tags as they stand in the BTF, in its order
 */
public record ProgramTags(String program, String section, List<String> tags) {
    private static final String SUBPROGRAMS = ".text";
    private static final String KCONFIG = ".kconfig";
    private static final int WHOLE_FUNCTION = -1;

    /** include/uapi/linux/btf.h, BTF_FUNC_EXTERN. */
    private static final int EXTERN = 2;

    public ProgramTags {
        tags = List.copyOf(tags);
    }

    /**
     * Reads them.
     *
     * @throws LibbpfException if it is no object, or has no BTF
     */
    public static List<ProgramTags> of(String name, byte[] object) throws LibbpfException {
        return read(name, object, ProgramTags::programs);
    }

    private static List<ProgramTags> programs(Elf elf, Btf btf) throws IOException {
        Map<String, List<String>> tags = tags(btf);
        List<ProgramTags> programs = new ArrayList<>();
        for (Elf.Symbol symbol : elf.symbols()) {
            Optional<String> section = symbol.section().filter(where -> !where.equals(SUBPROGRAMS));
            if (symbol.function() && section.isPresent()) {
                programs.add(new ProgramTags(
                        symbol.name(),
                        section.get().replaceFirst("^\\?", ""),
                        tags.getOrDefault(symbol.name(), List.of())));
            }
        }
        return List.copyOf(programs);
    }

    /** Returns whether an object has {@code __kconfig} externs. */
    public static boolean asksForConfiguration(String name, byte[] object) throws LibbpfException {
        return read(name, object, (elf, btf) -> {
            for (int id = 1; id < btf.typeCount(); id++) {
                if (btf.kind(id) == Btf.DATASEC && btf.name(id).equals(KCONFIG)) {
                    return true;
                }
            }
            return false;
        });
    }

    /** Returns the names of the functions that an object declares and does not define: kfuncs. */
    public static Set<String> declaredFunctions(String name, byte[] object) throws LibbpfException {
        return read(name, object, (elf, btf) -> {
            Set<String> names = new TreeSet<>();
            for (int id = 1; id < btf.typeCount(); id++) {
                if (btf.kind(id) == Btf.FUNC && btf.vlen(id) == EXTERN) {
                    names.add(btf.name(id));
                }
            }
            return names;
        });
    }

    /** Reads something from an object and its BTF. */
    private interface Reader<T> {
        T read(Elf elf, Btf btf) throws IOException;
    }

    private static <T> T read(String name, byte[] object, Reader<T> reader) throws LibbpfException {
        try {
            Elf elf = Elf.of(object).orElseThrow(() -> new LibbpfException(name + " is no ELF object"));
            return reader.read(elf, btf(name, elf));
        } catch (LibbpfException e) {
            throw e;
        } catch (IOException | IndexOutOfBoundsException e) {
            throw new LibbpfException(name + " is malformed: " + e.getMessage(), e);
        }
    }

    private static Btf btf(String name, Elf elf) throws IOException {
        return Btf.parse(
                elf.section(".BTF").orElseThrow(() -> new LibbpfException(name + " has no BTF: compile it with -g")));
    }

    private static Map<String, List<String>> tags(Btf btf) {
        Map<String, List<String>> tags = new LinkedHashMap<>();
        for (int id = 1; id < btf.typeCount(); id++) {
            if (btf.kind(id) == Btf.DECL_TAG
                    && btf.word(id, 0) == WHOLE_FUNCTION
                    && btf.kind(btf.sizeOrType(id)) == Btf.FUNC) {
                tags.computeIfAbsent(btf.name(btf.sizeOrType(id)), function -> new ArrayList<>())
                        .add(btf.name(id));
            }
        }
        return tags;
    }
}
