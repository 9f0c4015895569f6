// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import java.util.List;

/**
 * A function that the kernel's compiler made of a program in the running kernel.
 *
 * @param name as kallsyms has it
 * @param address an unsigned 64-bit number
 * @param size in bytes
 * @param lines in the order of their addresses; empty where the object was compiled without debug information
 */
public record JitedFunction(String name, long address, int size, List<Line> lines) {
    public JitedFunction {
        lines = List.copyOf(lines);
    }

    /**
     * Where code comes from, up to the next one's start.
     *
     * @param start an unsigned 64-bit number
     * @param file as the compiler was given it
     * @param line from 1
     */
    public record Line(long start, String file, int line) {}
}
