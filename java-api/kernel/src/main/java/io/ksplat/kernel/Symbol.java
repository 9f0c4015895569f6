// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import io.ksplat.kernel.internal.symbols.SymbolType;
import java.util.Optional;

/**
 * A symbol of a running kernel.
 *
 * <pre>{@code
 * for (Symbol program : bpf.symbols()) {
 *     System.out.println(program.name() + " at 0x" + Long.toHexString(program.address()));
 * }
 * }</pre>
 *
 * @param address its first byte, an unsigned 64-bit number
 * @param size the bytes up to the next symbol, an upper bound of the true size: kallsyms gives no sizes
 * @param type the letter of nm(1), as /proc/kallsyms prints it: {@code T} or {@code t} for code, {@code D} for data, {@code A} for absolute
 * @param module the name of its module, {@code bpf} for JITed programs; empty for the kernel itself
 */
public record Symbol(String name, long address, long size, char type, Optional<String> module) {

    /** Makes the symbol of a JITed BPF program, which the kernel names {@code bpf_prog_<tag>_<name>}. */
    public static Symbol bpf(String name, long address, long size) {
        return new Symbol(name, address, size, 't', Optional.of("bpf"));
    }

    /** Returns whether it is code. */
    public boolean isText() {
        return SymbolType.isText(type);
    }
}
