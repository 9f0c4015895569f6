// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.memory;

import io.ksplat.evidence.Frame;
import java.util.regex.Pattern;

/** What functions are called whatever the compiler and the loader made of their names. */
public final class SymbolNames {
    private static final Pattern BPF_TAG = Pattern.compile("^bpf_prog_[0-9a-f]{16}_");

    private SymbolNames() {}

    /** A frame's function without {@code .part.0} and its like; of a BPF program, its own name. */
    public static String base(Frame frame) {
        String base = BPF_TAG.matcher(frame.function()).replaceFirst("bpf:");
        int dot = base.indexOf('.');
        return dot > 0 ? base.substring(0, dot) : base;
    }
}
