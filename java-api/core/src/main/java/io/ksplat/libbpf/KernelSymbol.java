// SPDX-License-Identifier: Apache-2.0
package io.ksplat.libbpf;

/**
 * What an object file needs of the kernel: an {@code extern ... __ksym}.
 *
 * @param function a kfunc; else a variable
 * @param weak the object loads without it
 */
public record KernelSymbol(String name, boolean function, boolean weak) {}
