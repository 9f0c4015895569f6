// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

/**
 * The source of a stretch of JITed code.
 *
 * <pre>{@code
 * Symbol code = bpf.symbols().get(0);
 * for (BpfLine line : bpf.lines()) {
 *     System.out.println(code.name() + "+" + (line.start() - code.address()) + " is " + line.file() + ":" + line.line());
 * }
 * }</pre>
 *
 * @param start where the stretch begins, in the kernel's memory; it ends where the next of the same function begins
 * @param file as the compiler was given it
 * @param line from 1
 */
public record BpfLine(long start, String file, int line) {}
