// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A C type as BTF describes it, without typedefs, qualifiers and type tags. Sizes are in bytes.
 *
 * <p>Source of the format: the kernel's Documentation/bpf/btf.rst.
 */
public sealed interface BtfType {
    /** Returns the size in bytes; 0 if C has no size for it. */
    int size();

    /** As {@link Struct#pathTo}, for any type: returns the text to write after the name of a variable of that type. */
    static Optional<String> pathWithin(BtfType type, int at, Predicate<BtfType> wanted) {
        if (at == 0 && wanted.test(type)) {
            return Optional.of("");
        }
        if (type instanceof Struct struct) {
            return struct.pathTo(at, wanted).map(path -> "." + path);
        }
        if (type instanceof Array array && array.element().size() > 0) {
            int index = at / array.element().size();
            return pathWithin(array.element(), at % array.element().size(), wanted)
                    .map(rest -> "[" + index + "]" + rest);
        }
        return Optional.empty();
    }

    /** An integer of up to 16 bytes. */
    record Int(String name, int size, boolean signed) implements BtfType {}

    /** C's {@code _Bool}. */
    record Bool(int size) implements BtfType {}

    /** Plain {@code char}; an array of it is text. {@code signed char} and {@code unsigned char} are {@link Int}. */
    record Char(int size, boolean signed) implements BtfType {}

    /** A floating-point number. */
    record Real(String name, int size) implements BtfType {}

    /**
     * A pointer.
     *
     * @param target the name of the pointee in C ("struct task_struct"), for messages
     */
    record Ptr(String target, int size) implements BtfType {}

    /** An array of a fixed length. */
    record Array(BtfType element, int length) implements BtfType {
        @Override
        public int size() {
            return Math.multiplyExact(element.size(), length);
        }
    }

    /**
     * A struct or a union.
     *
     * @param name empty if it is anonymous
     */
    record Struct(String name, int size, boolean union, List<Member> members) implements BtfType {
        public Struct {
            members = List.copyOf(members);
        }

        /**
         * Finds the member at a dotted path ({@code "usage.refs.counter"}), with its offset from the start of this struct.
         * Members of anonymous structs and unions count as members of this struct, as in C.
         */
        public Optional<Member> member(String path) {
            int dot = path.indexOf('.');
            String first = dot < 0 ? path : path.substring(0, dot);
            Optional<Member> found = direct(first);
            if (dot < 0 || found.isEmpty()) {
                return found;
            }
            Member outer = found.get();
            return outer.type() instanceof Struct inner
                    ? inner.member(path.substring(dot + 1)).map(m -> m.shifted(outer.bitOffset()))
                    : Optional.empty();
        }

        /**
         * Finds the dotted path of the outermost member of a wanted type that begins at a byte, with elements of arrays in brackets
         * ({@code "pools[1].lock"}); empty if there is none.
         */
        public Optional<String> pathTo(int at, Predicate<BtfType> wanted) {
            for (Member member : members) {
                if (member.bitfield()
                        || at < member.offset()
                        || at >= member.offset() + member.type().size()) {
                    continue;
                }
                Optional<String> rest = BtfType.pathWithin(member.type(), at - member.offset(), wanted);
                if (rest.isPresent()) {
                    return Optional.of(
                            member.name().isEmpty() ? rest.get().replaceFirst("^\\.", "") : member.name() + rest.get());
                }
            }
            return Optional.empty();
        }

        private Optional<Member> direct(String wanted) {
            for (Member member : members) {
                if (member.name().equals(wanted)) {
                    return Optional.of(member);
                }
                if (member.name().isEmpty() && member.type() instanceof Struct inner) {
                    Optional<Member> found = inner.direct(wanted).map(m -> m.shifted(member.bitOffset()));
                    if (found.isPresent()) {
                        return found;
                    }
                }
            }
            return Optional.empty();
        }
    }

    /**
     * A member of a struct or union.
     *
     * @param name empty for an anonymous struct or union
     * @param bitSize the number of bits of a bitfield; else 0
     */
    record Member(String name, int bitOffset, int bitSize, BtfType type) {
        /** Returns whether it is a bitfield. */
        public boolean bitfield() {
            return bitSize != 0;
        }

        /**
         * Returns the offset in bytes.
         *
         * @throws UnsupportedOperationException for a bitfield
         */
        public int offset() {
            if (bitfield()) {
                throw new UnsupportedOperationException(name + " is a bitfield: it has no byte offset");
            }
            return bitOffset / 8;
        }

        private Member shifted(int bits) {
            return new Member(name, bitOffset + bits, bitSize, type);
        }
    }

    /** An enum, with its constants in the order of their declaration. */
    record Enumeration(String name, int size, boolean signed, Map<String, Long> values) implements BtfType {
        public Enumeration {
            values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
        }
    }

    /** A type without values: void, a function, or a struct that is only declared. */
    record Opaque(String name) implements BtfType {
        @Override
        public int size() {
            return 0;
        }
    }
}
