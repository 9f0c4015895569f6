// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

/**
 * A global variable of an object file.
 *
 * <pre>{@code
 * GlobalVariable limits = file.global("limits");
 * if (limits.type() instanceof BtfType.Struct struct) {
 *     System.out.println(limits.section() + "+" + limits.offset() + ": " + struct.member("low"));
 * }
 * }</pre>
 *
 * @param section the data section, and so the map, that holds it: ".bss", ".data", ".rodata", or one of their kind
 * @param offset in bytes from the section's start
 * @param size in bytes
 */
public record GlobalVariable(String name, String section, int offset, int size, BtfType type) {}
