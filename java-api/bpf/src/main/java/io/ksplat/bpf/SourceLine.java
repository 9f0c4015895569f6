// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

/**
 * Where an instruction comes from.
 *
 * <pre>{@code
 * Optional<SourceLine> line = file.sourceLine("on_nmi", 12);
 * line.ifPresent(at -> System.out.println(at.file() + ":" + at.line() + ": " + at.text()));
 * }</pre>
 *
 * @param file as the compiler was given it
 * @param line from 1
 * @param column from 1; 0 where it is not known
 * @param text the line itself, without surrounding blanks
 */
public record SourceLine(String file, int line, int column, String text) {}
