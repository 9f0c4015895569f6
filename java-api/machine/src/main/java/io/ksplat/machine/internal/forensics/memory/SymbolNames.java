// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.memory;

import io.ksplat.evidence.Frame;
import java.util.regex.Pattern;

/** Removes what the compiler and the BPF loader added to the names of functions. */
public final class SymbolNames {
    private static final Pattern BPF_TAG = Pattern.compile("^bpf_prog_[0-9a-f]{16}_");

    /** Its number is made of BTF ids, which differ from one kernel to the next. */
    private static final Pattern TRAMPOLINE = Pattern.compile("^bpf_trampoline_\\d+(_\\d+)?$");

    private static final String ANY_TRAMPOLINE = "bpf_trampoline";

    private SymbolNames() {}

    /** Returns whether a base name is that of a trampoline, which calls BPF programs around a function: it does nothing of its own. */
    public static boolean isTrampoline(String base) {
        return ANY_TRAMPOLINE.equals(base);
    }

    /**
     * Returns a frame's function without suffixes such as {@code .part.0}; of a BPF program, its name without the tag; of a
     * trampoline, no number.
     */
    public static String base(Frame frame) {
        String base = BPF_TAG.matcher(frame.function()).replaceFirst("bpf:");
        base = TRAMPOLINE.matcher(base).replaceFirst(ANY_TRAMPOLINE);
        int dot = base.indexOf('.');
        return dot > 0 ? base.substring(0, dot) : base;
    }
}
