// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import io.ksplat.bpf.BtfType;
import io.ksplat.bpf.LibbpfException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Makes a {@link BtfType} from raw BTF. */
public final class BtfModel {
    // C nests less deep; malformed BTF may refer to itself
    private static final int DEEPEST = 64;

    /** Several hundred times those of a kernel's biggest struct. Malformed BTF doubles their number at each level. */
    private static final int MOST_PARTS = 1 << 20;

    private static final int POINTER_BYTES = 8;
    private static final int INT_SIGNED = 1;
    private static final int INT_CHAR = 2;
    private static final int INT_BOOL = 4;

    private BtfModel() {}

    static BtfType type(Btf btf, int id) throws LibbpfException {
        try {
            return type(btf, id, 0, new int[] {MOST_PARTS});
        } catch (IndexOutOfBoundsException e) {
            throw new LibbpfException("malformed BTF: type " + id + " refers to what is not there", e);
        }
    }

    /** Finds a struct, union or enum by its name. */
    public static Optional<BtfType> named(Btf btf, String name) throws LibbpfException {
        for (int id = 1; id < btf.typeCount(); id++) {
            switch (btf.kind(id)) {
                case Btf.STRUCT, Btf.UNION, Btf.ENUM, Btf.ENUM64 -> {
                    if (btf.name(id).equals(name)) {
                        return Optional.of(type(btf, id));
                    }
                }
                default -> {
                    // not a type with a tag
                }
            }
        }
        return Optional.empty();
    }

    private static BtfType type(Btf btf, int startId, int depth, int[] left) throws LibbpfException {
        int id = resolve(btf, startId);
        if (depth > DEEPEST || --left[0] < 0) {
            throw new LibbpfException("malformed BTF: type " + id + " contains itself");
        }
        int kind = btf.kind(id);
        return switch (kind) {
            case Btf.INT -> integer(btf, id);
            case Btf.FLOAT -> new BtfType.Real(btf.name(id), btf.sizeOrType(id));
            case Btf.PTR -> new BtfType.Ptr(describe(btf, btf.sizeOrType(id)), POINTER_BYTES);
            case Btf.ARRAY -> new BtfType.Array(type(btf, btf.word(id, 0), depth + 1, left), btf.word(id, 2));
            case Btf.STRUCT, Btf.UNION ->
                new BtfType.Struct(btf.name(id), btf.sizeOrType(id), kind == Btf.UNION, members(btf, id, depth, left));
            case Btf.ENUM, Btf.ENUM64 ->
                new BtfType.Enumeration(btf.name(id), btf.sizeOrType(id), btf.kindFlag(id), constants(btf, id, kind));
            default -> new BtfType.Opaque(describe(btf, id));
        };
    }

    private static BtfType integer(Btf btf, int id) {
        int encoding = (btf.word(id, 0) >>> 24) & 0xf;
        boolean signed = (encoding & INT_SIGNED) != 0;
        int size = btf.sizeOrType(id);
        String name = btf.name(id);
        if ((encoding & INT_BOOL) != 0) {
            return new BtfType.Bool(size);
        }
        // clang never sets the char bit of the encoding
        if ((encoding & INT_CHAR) != 0 || name.equals("char")) {
            return new BtfType.Char(size, signed);
        }
        return new BtfType.Int(name, size, signed);
    }

    private static List<BtfType.Member> members(Btf btf, int id, int depth, int[] left) throws LibbpfException {
        List<BtfType.Member> members = new ArrayList<>();
        for (int i = 0; i < btf.vlen(id); i++) {
            int offset = btf.word(id, 3 * i + 2);
            boolean packed = btf.kindFlag(id);
            members.add(new BtfType.Member(
                    btf.string(btf.word(id, 3 * i)),
                    packed ? offset & 0xffffff : offset,
                    packed ? offset >>> 24 : 0,
                    type(btf, btf.word(id, 3 * i + 1), depth + 1, left)));
        }
        return members;
    }

    private static Map<String, Long> constants(Btf btf, int id, int kind) {
        Map<String, Long> constants = new LinkedHashMap<>();
        int words = kind == Btf.ENUM64 ? 3 : 2;
        for (int i = 0; i < btf.vlen(id); i++) {
            int low = btf.word(id, words * i + 1);
            long high = kind == Btf.ENUM64 ? btf.word(id, words * i + 2) : btf.kindFlag(id) ? low >> 31 : 0;
            constants.put(btf.string(btf.word(id, words * i)), (high << 32) | (low & 0xffffffffL));
        }
        return constants;
    }

    /** Follows typedefs, qualifiers and tags to the type that has a size. */
    static int resolve(Btf btf, int id) throws LibbpfException {
        int at = id;
        for (int steps = 0; steps < DEEPEST; steps++) {
            switch (btf.kind(at)) {
                case Btf.TYPEDEF, Btf.VOLATILE, Btf.CONST, Btf.RESTRICT, Btf.TYPE_TAG -> at = btf.sizeOrType(at);
                default -> {
                    return at;
                }
            }
        }
        throw new LibbpfException("malformed BTF: type " + id + " refers to itself");
    }

    private static String describe(Btf btf, int id) throws LibbpfException {
        return describe(btf, id, 0);
    }

    private static String describe(Btf btf, int id, int depth) throws LibbpfException {
        if (depth > DEEPEST) {
            throw new LibbpfException("malformed BTF: type " + id + " refers to itself");
        }
        return switch (btf.kind(id)) {
            case Btf.VOLATILE, Btf.CONST, Btf.RESTRICT, Btf.TYPE_TAG -> describe(btf, btf.sizeOrType(id), depth + 1);
            case Btf.PTR -> describe(btf, btf.sizeOrType(id), depth + 1) + " *";
            case Btf.ARRAY -> describe(btf, btf.word(id, 0), depth + 1) + " [" + btf.word(id, 2) + "]";
            case Btf.STRUCT -> ("struct " + btf.name(id)).strip();
            case Btf.UNION -> ("union " + btf.name(id)).strip();
            case Btf.FWD -> (btf.kindFlag(id) ? "union " : "struct ") + btf.name(id);
            case Btf.ENUM, Btf.ENUM64 -> ("enum " + btf.name(id)).strip();
            case Btf.FUNC_PROTO -> "function";
            default -> btf.name(id);
        };
    }
}
