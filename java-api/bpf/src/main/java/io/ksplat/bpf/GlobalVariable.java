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
 * @param section the data section that holds it, and the map: ".bss", ".data", ".rodata", or for example ".data.mine"
 * @param offset the offset in the section, in bytes
 * @param size the size in bytes
 */
public record GlobalVariable(String name, String section, int offset, int size, BtfType type) {}
