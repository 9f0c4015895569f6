// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import java.util.List;

/**
 * A function of a program in the running kernel, compiled by the kernel's JIT.
 *
 * @param name the name in kallsyms
 * @param address an unsigned 64-bit number
 * @param size the size in bytes
 * @param lines the source lines by address; empty if the object was compiled without debug information
 */
public record JitedFunction(String name, long address, int size, List<Line> lines) {
    public JitedFunction {
        lines = List.copyOf(lines);
    }

    /**
     * The source line of the code up to the start of the next one.
     *
     * @param start an unsigned 64-bit number
     * @param file the path, as it was given to the compiler
     * @param line the line number, from 1
     */
    public record Line(long start, String file, int line) {}
}
