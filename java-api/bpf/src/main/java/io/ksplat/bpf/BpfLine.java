// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

/**
 * The source line of a range of JITed code.
 *
 * <pre>{@code
 * Symbol code = bpf.symbols().get(0);
 * for (BpfLine line : bpf.lines()) {
 *     System.out.println(code.name() + "+" + (line.start() - code.address()) + " is " + line.file() + ":" + line.line());
 * }
 * }</pre>
 *
 * @param start the address of the first byte; the range ends at the next one of the same function
 * @param file the path, as it was given to the compiler
 * @param line the line number, from 1
 */
public record BpfLine(long start, String file, int line) {}
