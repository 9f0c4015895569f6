// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import io.ksplat.bpf.internal.libbpf.Btf;
import io.ksplat.bpf.internal.libbpf.BtfModel;
import io.ksplat.bpf.internal.libbpf.DataSections;
import io.ksplat.bpf.internal.libbpf.LineInfo;
import io.ksplat.bpf.internal.libbpf.OpenedObject;
import io.ksplat.kernel.internal.Elf;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A compiled BPF object: what it contains, and what it needs from the kernel. libbpf opens it and checks its sections, maps and
 * relocations, but loads nothing into a kernel. Immutable; any thread may use it.
 *
 * <pre>{@code
 * BpfObjectFile file = BpfObjectFile.read(Path.of("nmi_task_kptr.bpf.o"));
 * for (BpfProgramInfo program : file.programs()) {
 *     System.out.println(program.section() + " " + program.name());
 * }
 * int offset = file.global("dropped").offset();
 * }</pre>
 */
public final class BpfObjectFile {
    private static final int INSTRUCTION_BYTES = 8;

    private final String name;
    private final byte[] bytes;
    private final OpenedObject opened;
    private final List<GlobalVariable> globals;
    private final List<Ksym> ksyms;
    private final String license;
    private final LineInfo lines;
    private final Map<String, Elf.Symbol> functions;

    private BpfObjectFile(String name, byte[] object) throws LibbpfException {
        this.name = name;
        this.bytes = object.clone();
        opened = OpenedObject.open(name, object);
        globals = DataSections.globals(opened.btf());
        ElfParts elf = ElfParts.of(name, object);
        // not the BTF from libbpf, which rewrites the externs when it opens an object
        Btf asCompiled = elf.btf().isPresent() ? Btf.parse(elf.btf().get()) : opened.btf();
        ksyms = DataSections.ksyms(asCompiled, elf.symbols());
        license = elf.license().map(BpfObjectFile::text).orElse("");
        lines = elf.btfExt().isPresent() ? LineInfo.parse(elf.btfExt().get(), asCompiled) : LineInfo.none();
        functions = elf.symbols().stream()
                .filter(s -> s.function() && s.section().isPresent())
                .collect(Collectors.toMap(Elf.Symbol::name, s -> s, (a, b) -> a));
    }

    /** What libbpf reads from the ELF file but does not return. */
    private record ElfParts(
            Optional<byte[]> btf, Optional<byte[]> btfExt, Optional<byte[]> license, List<Elf.Symbol> symbols) {
        static ElfParts of(String name, byte[] object) throws LibbpfException {
            try {
                Elf elf = Elf.of(object).orElseThrow(() -> new LibbpfException(name + " is not an ELF object"));
                return new ElfParts(
                        elf.section(".BTF"), elf.section(".BTF.ext"), elf.section("license"), elf.symbols());
            } catch (LibbpfException e) {
                throw e;
            } catch (IOException e) {
                throw new LibbpfException(name + ": " + e.getMessage(), e);
            }
        }
    }

    /**
     * Opens an object file, under the name of the file.
     *
     * @throws LibbpfException if libbpf refuses it, or is not installed
     * @throws IOException if the file cannot be read
     */
    public static BpfObjectFile read(Path file) throws IOException {
        return parse(String.valueOf(file.getFileName()), Files.readAllBytes(file));
    }

    /**
     * Opens an object from its bytes, under a name for messages.
     *
     * @throws LibbpfException if libbpf refuses it, or is not installed
     */
    public static BpfObjectFile parse(String name, byte[] object) throws LibbpfException {
        return new BpfObjectFile(name, object);
    }

    /** Returns the name that it was opened under. */
    public String name() {
        return name;
    }

    /** Returns the bytes of the object. */
    public byte[] bytes() {
        return bytes.clone();
    }

    /** Returns the programs, in their order in the object. */
    public List<BpfProgramInfo> programs() {
        return opened.programs();
    }

    /**
     * Returns the program of that name.
     *
     * @throws NoSuchElementException if there is none; the message names those that exist
     */
    public BpfProgramInfo program(String programName) {
        return find(programs(), BpfProgramInfo::name, "program", programName);
    }

    /** Returns the maps, in their order in the object, with those of the data sections. */
    public List<BpfMapInfo> maps() {
        return opened.maps();
    }

    /**
     * Returns the map of that name.
     *
     * @throws NoSuchElementException if there is none; the message names those that exist
     */
    public BpfMapInfo map(String mapName) {
        return find(maps(), BpfMapInfo::name, "map", mapName);
    }

    /** Returns the variables of the data sections, static ones too. */
    public List<GlobalVariable> globals() {
        return globals;
    }

    /**
     * Returns the global variable of that name.
     *
     * @throws NoSuchElementException if there is none; the message names those that exist
     */
    public GlobalVariable global(String variable) {
        return find(globals, GlobalVariable::name, "global variable", variable);
    }

    /**
     * Returns a struct, union or enum of its BTF, by its name without the keyword. clang drops types that only local variables have; a
     * global pointer keeps the type: {@code struct event *unused __attribute__((unused));}.
     *
     * @throws NoSuchElementException if it has none of that name
     */
    public BtfType type(String typeName) {
        try {
            return BtfModel.named(opened.btf(), typeName)
                    .orElseThrow(() -> new NoSuchElementException(name + " has no struct, union or enum '" + typeName
                            + "' in its BTF; a global pointer to it keeps it there"));
        } catch (LibbpfException e) {
            throw new IllegalStateException(name + " was opened, and its BTF is malformed", e);
        }
    }

    /** Returns the kfuncs and kernel variables that it declares {@code extern} and uses. */
    public List<Ksym> ksyms() {
        return ksyms;
    }

    /** Returns the names of the kfuncs without which it does not load. */
    public List<String> requiredKfuncs() {
        return ksyms.stream()
                .filter(s -> s.function() && !s.weak())
                .map(Ksym::name)
                .toList();
    }

    /** Returns the text of its license section; empty if it has none. */
    public String license() {
        return license;
    }

    /**
     * Returns the source line of an instruction of a program; empty if the program has no such instruction, or no line information.
     *
     * @param instruction its index from 0 in the compiled function: the verifier's number of it, in the main program
     */
    public Optional<SourceLine> sourceLine(String programName, int instruction) {
        Elf.Symbol function = functions.get(program(programName).name());
        if (function == null) {
            return Optional.empty();
        }
        long start = function.value();
        long offset = start + (long) instruction * INSTRUCTION_BYTES;
        if (instruction < 0 || offset >= start + function.size()) {
            return Optional.empty();
        }
        return lines.at(function.section().orElseThrow(), (int) start, (int) offset);
    }

    private <T> T find(List<T> all, Function<T, String> nameOf, String what, String wanted) {
        return all.stream()
                .filter(t -> nameOf.apply(t).equals(wanted))
                .findFirst()
                .orElseThrow(() -> new NoSuchElementException(name + " has no " + what + " '" + wanted + "'; it has: "
                        + all.stream().map(nameOf).collect(Collectors.joining(", "))));
    }

    private static String text(byte[] bytes) {
        String all = new String(bytes, StandardCharsets.UTF_8);
        int end = all.indexOf('\0');
        return end < 0 ? all : all.substring(0, end);
    }
}
