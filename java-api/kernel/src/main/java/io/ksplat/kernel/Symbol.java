// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import io.ksplat.kernel.internal.symbols.SymbolType;
import java.util.Optional;

/**
 * One symbol of a running kernel.
 *
 * @param address where it starts, an unsigned 64-bit number
 * @param size bytes up to the next symbol, an upper bound of the true size: kallsyms has none
 * @param type nm's letter, as /proc/kallsyms prints it: {@code T} and {@code t} code, {@code D} data, {@code A} absolute, ...
 * @param module the module's name, {@code bpf} for JITed programs, empty for the kernel itself
 */
public record Symbol(String name, long address, long size, char type, Optional<String> module) {

    /** A JITed BPF program of {@code size} bytes; the kernel names those {@code bpf_prog_<tag>_<name>}. */
    public static Symbol bpf(String name, long address, long size) {
        return new Symbol(name, address, size, 't', Optional.of("bpf"));
    }

    /** Returns whether it is code. */
    public boolean isText() {
        return SymbolType.isText(type);
    }
}
