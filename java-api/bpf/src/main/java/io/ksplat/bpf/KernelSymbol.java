// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

/**
 * What an object file needs of the kernel: an {@code extern ... __ksym}.
 *
 * <pre>{@code
 * for (KernelSymbol symbol : file.kernelSymbols()) {
 *     System.out.println(symbol.name() + (symbol.weak() ? ", if there is one" : ""));
 * }
 * }</pre>
 *
 * @param function a kfunc; else a variable
 * @param weak the object loads without it
 */
public record KernelSymbol(String name, boolean function, boolean weak) {}
