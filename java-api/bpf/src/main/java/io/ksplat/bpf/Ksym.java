// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

/**
 * A kfunc or a variable of the kernel that an object file declares {@code extern ... __ksym}.
 *
 * <pre>{@code
 * for (Ksym symbol : file.ksyms()) {
 *     System.out.println(symbol.name() + (symbol.weak() ? ", optional" : ""));
 * }
 * }</pre>
 *
 * @param function whether it is a kfunc; else it is a variable
 * @param weak whether the object loads without it
 */
public record Ksym(String name, boolean function, boolean weak) {}
