// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import io.ksplat.bpf.BtfType;
import io.ksplat.bpf.LibbpfException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The types and functions of a kernel, from its raw BTF: the {@code .BTF} section of its vmlinux, or
 * /sys/kernel/btf/vmlinux. Immutable; any thread may use it.
 */
public final class KernelBtf {
    private static final byte[] KFUNC = "bpf_kfunc".getBytes(StandardCharsets.UTF_8);
    private static final byte[] FASTCALL = "bpf_fastcall".getBytes(StandardCharsets.UTF_8);

    /** Ten times what the biggest kernels need: types of one name follow each other, and a hostile guest has nothing else. */
    private static final long MOST_STEPS = 1L << 28;

    private final byte[] raw;
    private final Btf btf;
    private final int[] byName;
    private final BitSet kfuncs = new BitSet();
    private final BitSet fastcalls = new BitSet();

    private KernelBtf(byte[] raw) throws LibbpfException {
        this.raw = raw;
        btf = Btf.parse(raw);
        byName = new int[Integer.highestOneBit(btf.typeCount() + 1) * 4];
        try {
            index();
        } catch (IndexOutOfBoundsException e) {
            throw new LibbpfException(
                    "malformed BTF: a name or a type in it lies outside its " + raw.length + " bytes", e);
        }
    }

    /**
     * Reads BTF from memory.
     *
     * @throws LibbpfException if the bytes are not BTF, or malformed
     */
    public static KernelBtf parse(byte[] rawBtf) throws LibbpfException {
        return new KernelBtf(rawBtf.clone());
    }

    /**
     * Reads a file of raw BTF.
     *
     * @throws IOException if the file cannot be read, or is not raw BTF
     */
    public static KernelBtf read(Path rawBtf) throws IOException {
        return new KernelBtf(Files.readAllBytes(rawBtf));
    }

    /** Returns whether there is a function of that name that fentry can attach to, kfunc or not. */
    public boolean hasFunction(String name) {
        return !ids(name, Btf.FUNC).isEmpty();
    }

    /** Returns the BTF id of the function that fentry attaches to by that name; empty if there is none. */
    public OptionalInt function(String name) {
        return ids(name, Btf.FUNC).stream().mapToInt(Integer::intValue).findFirst();
    }

    /**
     * Returns whether programs can call that kfunc. The answer is exact if the BTF marks kfuncs (pahole 1.26 and later); else any
     * function of the name counts.
     */
    public boolean hasKfunc(String name) {
        List<Integer> functions = ids(name, Btf.FUNC);
        return kfuncs.isEmpty() ? !functions.isEmpty() : functions.stream().anyMatch(kfuncs::get);
    }

    /** Returns the kfuncs by name, in order, with their BTF ids; none if the BTF does not mark them (pahole before 1.26). */
    public SortedMap<String, Integer> kfuncs() {
        SortedMap<String, Integer> ids = new TreeMap<>();
        kfuncs.stream().filter(id -> btf.kind(id) == Btf.FUNC).forEach(id -> ids.putIfAbsent(btf.name(id), id));
        return ids;
    }

    /** Returns whether a struct, union, enum or typedef of that name is defined; a declaration does not count. */
    public boolean hasType(String name) {
        return !definitions(name).isEmpty();
    }

    /** Returns whether {@link #member} finds that path; false if the type is missing. */
    public boolean hasMember(String type, String path) {
        return definitions(type).stream().anyMatch(id -> walk(id, path).isPresent());
    }

    /**
     * Returns the byte offset of a member, by its dotted path from the start of the type ({@code offsetOf("task_struct",
     * "usage.refs")}). Members of anonymous structs and unions count as members of the outer struct.
     *
     * @throws NoSuchElementException if this kernel has no such type or member
     * @throws UnsupportedOperationException for a bitfield
     * @throws IllegalArgumentException if several types of the name disagree
     */
    public int offsetOf(String type, String path) {
        return member(type, path).offset();
    }

    /**
     * Returns the size of a struct, union, enum or typedef in bytes.
     *
     * @throws NoSuchElementException if this kernel has no such type
     * @throws IllegalArgumentException if several types of the name disagree
     */
    public int sizeOf(String type) {
        List<Integer> sizes =
                existing(type).stream().map(id -> size(id, type)).distinct().toList();
        return only(sizes, "sizes of " + type);
    }

    /**
     * Returns the member at a dotted path, with its offset from the start of {@code type}.
     *
     * @throws NoSuchElementException if this kernel has no such type or member
     * @throws IllegalArgumentException if several types of the name disagree
     */
    public BtfType.Member member(String type, String path) {
        List<BtfType.Member> found = existing(type).stream()
                .flatMap(id -> walk(id, path).stream())
                .distinct()
                .toList();
        if (found.isEmpty()) {
            throw new NoSuchElementException("this kernel's " + type + " has no member '" + path + "'");
        }
        return only(found, "members " + type + "." + path);
    }

    /** Returns the values of an enum by their names; empty if this kernel has none of that name. */
    public Map<String, Long> values(String enumeration) {
        return ids(enumeration, Btf.ENUM, Btf.ENUM64).stream()
                .findFirst()
                .flatMap(this::model)
                .map(type -> type instanceof BtfType.Enumeration found ? found.values() : Map.<String, Long>of())
                .orElse(Map.of());
    }

    /** Returns the type of a per-CPU variable; BTF has no others. */
    public Optional<BtfType> variable(String name) {
        return ids(name, Btf.VAR).stream().findFirst().flatMap(id -> model(btf.sizeOrType(id)));
    }

    /**
     * Writes a C header of all types, as {@code bpftool btf dump ... format c} does. The file appears whole or not at
     * all.
     *
     * @throws LibbpfException if libbpf refuses the BTF, or is not installed
     */
    public void writeVmlinuxHeader(Path file) throws IOException {
        VmlinuxHeader.write(raw, List.of(), Set.of(), file);
    }

    /**
     * Does the same, and declares the kfuncs that the BTF marks, weak, unless {@code BPF_NO_KFUNC_PROTOTYPES} is defined: as bpftool has
     * done since 6.11.
     *
     * @throws LibbpfException if libbpf refuses the BTF, or is not installed
     */
    public void writeVmlinuxHeaderWithKfuncs(Path file) throws IOException {
        List<VmlinuxHeader.Kfunc> declared = kfuncs.stream()
                .filter(id -> btf.kind(id) == Btf.FUNC)
                .mapToObj(id -> new VmlinuxHeader.Kfunc(btf.name(id), btf.sizeOrType(id), fastcalls.get(id)))
                .sorted(Comparator.comparing(VmlinuxHeader.Kfunc::name))
                .toList();
        VmlinuxHeader.write(raw, declared, attributes(), file);
    }

    /** Returns the type tags that are attributes: those with the flag of their kind, since 6.15. */
    private Set<String> attributes() {
        Set<String> attributes = new TreeSet<>();
        for (int id = 1; id < btf.typeCount(); id++) {
            if (btf.kind(id) == Btf.TYPE_TAG && btf.kindFlag(id)) {
                attributes.add(btf.name(id));
            }
        }
        return attributes;
    }

    private void index() throws LibbpfException {
        long steps = 0;
        for (int id = 1; id < btf.typeCount(); id++) {
            switch (btf.kind(id)) {
                case Btf.FUNC, Btf.VAR, Btf.STRUCT, Btf.UNION, Btf.ENUM, Btf.ENUM64, Btf.TYPEDEF -> steps += insert(id);
                case Btf.DECL_TAG -> {
                    if (btf.nameIs(id, KFUNC)) {
                        kfuncs.set(tagged(id));
                    } else if (btf.nameIs(id, FASTCALL)) {
                        fastcalls.set(tagged(id));
                    }
                }
                default -> {}
            }
            if (steps > MOST_STEPS) {
                throw new LibbpfException("malformed BTF: its names are too long or too many of them are the same");
            }
        }
    }

    /** The type that a tag belongs to: a set of bits is as long as its largest number. */
    private int tagged(int tag) {
        return Objects.checkIndex(btf.sizeOrType(tag), btf.typeCount());
    }

    /** Returns the number of steps that this took. */
    private long insert(int id) {
        if (btf.nameOffset(id) == 0) {
            return 0;
        }
        long steps = btf.nameLength(id);
        int slot = slot(btf.nameHash(id));
        while (byName[slot] != 0) {
            slot = (slot + 1) & (byName.length - 1);
            steps++;
        }
        byName[slot] = id;
        return steps;
    }

    private int slot(int hash) {
        return (hash ^ (hash >>> 15)) & (byName.length - 1);
    }

    private List<Integer> ids(String name, int... kinds) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        List<Integer> ids = new ArrayList<>();
        for (int slot = slot(Arrays.hashCode(bytes)); byName[slot] != 0; slot = (slot + 1) & (byName.length - 1)) {
            int id = byName[slot];
            if (btf.nameIs(id, bytes) && Arrays.stream(kinds).anyMatch(kind -> kind == btf.kind(id))) {
                ids.add(id);
            }
        }
        return ids;
    }

    private List<Integer> definitions(String name) {
        return ids(name, Btf.STRUCT, Btf.UNION, Btf.ENUM, Btf.ENUM64, Btf.TYPEDEF);
    }

    private List<Integer> existing(String type) {
        List<Integer> ids = definitions(type);
        if (ids.isEmpty()) {
            throw new NoSuchElementException("this kernel has no type '" + type + "'");
        }
        return ids;
    }

    private Optional<BtfType.Member> walk(int id, String path) {
        return model(id)
                .flatMap(type -> type instanceof BtfType.Struct struct ? struct.member(path) : Optional.empty());
    }

    private int size(int id, String type) {
        try {
            return model(id)
                    .orElseThrow(() -> new NoSuchElementException("this kernel's BTF of '" + type + "' is malformed"))
                    .size();
        } catch (ArithmeticException e) {
            throw new NoSuchElementException("this kernel's BTF of '" + type + "' is malformed: " + e.getMessage(), e);
        }
    }

    /** Empty if it is malformed: the guest gave it, and lacks then what it cannot describe. */
    private Optional<BtfType> model(int id) {
        try {
            return Optional.of(BtfModel.type(btf, id));
        } catch (LibbpfException malformed) {
            return Optional.empty();
        }
    }

    private static <T> T only(List<T> distinct, String what) {
        if (distinct.size() > 1) {
            throw new IllegalArgumentException(
                    "this kernel has " + distinct.size() + " different " + what + ": " + distinct);
        }
        return distinct.get(0);
    }
}
