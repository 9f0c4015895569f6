// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

import io.ksplat.machine.internal.arch.OrcEntry.Base;
import io.ksplat.machine.internal.qemu.LittleEndian;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The layouts that arch/x86/include/asm/orc_types.h has had. All have six bytes: two 16-bit offsets, then one nibble each for the
 * stack pointer's and the frame pointer's base, then the type and flags.
 *
 * <p>The release does not tell the layout for sure, because distributions backport. The entries do: nearly all of a kernel's code
 * is plain functions, so the most common base and type are known.
 */
public enum OrcFormat {
    /** Up to 6.3: two bits of type, 0 a call, and an end flag in bit 2, or in bit 3 if a signal flag precedes it. */
    TWO_TYPE_BITS(
            1,
            List.of(
                    Base.UNDEFINED,
                    Base.PREV_SP,
                    Base.DX,
                    Base.DI,
                    Base.BP,
                    Base.SP,
                    Base.R10,
                    Base.R13,
                    Base.BP_INDIRECT,
                    Base.SP_INDIRECT)) {
        @Override
        OrcEntry.Kind kind(int flags, Base spBase) {
            if (spBase == Base.UNDEFINED) {
                return (flags & 0b1100) != 0 ? OrcEntry.Kind.END_OF_STACK : OrcEntry.Kind.UNDEFINED;
            }
            return switch (flags & 0b11) {
                case 0 -> OrcEntry.Kind.CALL;
                case 1 -> OrcEntry.Kind.REGS;
                case 2 -> OrcEntry.Kind.REGS_PARTIAL;
                default -> OrcEntry.Kind.UNDEFINED;
            };
        }

        @Override
        boolean signal(int flags, OrcEntry.Kind kind) {
            return kind == OrcEntry.Kind.REGS || kind == OrcEntry.Kind.REGS_PARTIAL;
        }
    },

    /** From 6.4: three bits of type, 2 a call, and a signal flag. */
    THREE_TYPE_BITS(2, TWO_TYPE_BITS.bases),

    /** 7.x: as before, with the bases renumbered. */
    RENUMBERED(
            3,
            List.of(
                    Base.UNDEFINED,
                    Base.AX,
                    Base.DX,
                    Base.SP,
                    Base.BP,
                    Base.DI,
                    Base.R10,
                    Base.R13,
                    Base.PREV_SP,
                    Base.SP_INDIRECT,
                    Base.BP_INDIRECT));

    public static final int ENTRY_BYTES = 6;
    private static final int SAMPLE = 4096;

    /** The number of this layout in a stored table. */
    final int code;

    @SuppressWarnings("ImmutableEnumChecker") // made by List.of
    private final List<Base> bases;

    static Optional<OrcFormat> ofCode(int code) {
        return Arrays.stream(values()).filter(f -> f.code == code).findFirst();
    }

    OrcFormat(int code, List<Base> bases) {
        this.code = code;
        this.bases = bases;
    }

    OrcEntry.Kind kind(int flags, Base spBase) {
        return switch (flags & 0b111) {
            case 1 -> OrcEntry.Kind.END_OF_STACK;
            case 2 -> OrcEntry.Kind.CALL;
            case 3 -> OrcEntry.Kind.REGS;
            case 4 -> OrcEntry.Kind.REGS_PARTIAL;
            default -> OrcEntry.Kind.UNDEFINED;
        };
    }

    boolean signal(int flags, OrcEntry.Kind kind) {
        return (flags & 0b1000) != 0;
    }

    OrcEntry decode(byte[] entries, int index) {
        int at = index * ENTRY_BYTES;
        Base spBase = base(entries[at + 4] & 0xf);
        Base bpBase = base((entries[at + 4] >> 4) & 0xf);
        int flags = entries[at + 5];
        OrcEntry.Kind kind = kind(flags, spBase);
        return new OrcEntry(
                spBase,
                LittleEndian.int16(entries, at),
                bpBase,
                LittleEndian.int16(entries, at + 2),
                kind,
                signal(flags, kind));
    }

    private Base base(int number) {
        return number < bases.size() ? bases.get(number) : Base.UNKNOWN;
    }

    /** Returns the layout in which most entries are calls relative to the stack pointer; looks at a few thousand entries. */
    static Optional<OrcFormat> of(byte[] entries) {
        int count = entries.length / ENTRY_BYTES;
        int stride = Math.max(1, count / SAMPLE);
        OrcFormat best = null;
        int most = 0;
        for (OrcFormat format : values()) {
            int plain = 0;
            for (int i = 0; i < count; i += stride) {
                Base base = format.base(entries[i * ENTRY_BYTES + 4] & 0xf);
                plain += base == Base.SP && format.kind(entries[i * ENTRY_BYTES + 5], base) == OrcEntry.Kind.CALL
                        ? 1
                        : 0;
            }
            if (plain > most) {
                most = plain;
                best = format;
            }
        }
        return most > count / stride / 2 ? Optional.ofNullable(best) : Optional.empty();
    }
}
