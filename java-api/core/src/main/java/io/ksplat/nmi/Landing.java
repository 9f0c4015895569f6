// SPDX-License-Identifier: Apache-2.0
package io.ksplat.nmi;

/**
 * An NMI that was seen to arrive.
 *
 * @param cpu the CPU that took it
 * @param address the instruction that it interrupted
 * @param where the same as {@code function+0xoffset}
 */
public record Landing(int cpu, long address, String where) {
    @Override
    public String toString() {
        return "NMI on CPU " + cpu + " at " + where;
    }
}
