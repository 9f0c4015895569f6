// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

/**
 * The source line of an instruction.
 *
 * <pre>{@code
 * Optional<SourceLine> line = file.sourceLine("on_nmi", 12);
 * line.ifPresent(at -> System.out.println(at.file() + ":" + at.line() + ": " + at.text()));
 * }</pre>
 *
 * @param file the path, as it was given to the compiler
 * @param line the line number, from 1
 * @param column the column, from 1; 0 if it is not known
 * @param text the text of the line, without blanks around it
 */
public record SourceLine(String file, int line, int column, String text) {}
