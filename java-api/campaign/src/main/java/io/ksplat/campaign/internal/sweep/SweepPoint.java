// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.evidence.Verdict;
import java.util.List;
import java.util.Optional;

/**
 * What became of the machine when an NMI came after so many instructions. Measured, each of them.
 *
 * @param n instructions after the anchor
 * @param address the instruction that the NMI came before
 * @param function that it lies in; its address where none is known
 * @param verdict from outside alone: DEADLOCK, CLEAN where every CPU lived on and the NMI had done its work, else why not in
 *     {@code message}
 * @param holds the locks that the interrupted context holds there, by their names; see {@link HeldLockProbe}
 * @param waitsFor of a deadlock, what the dead CPU waits for
 * @param console titles of what the console said meanwhile, which takes no part in the verdict
 */
public record SweepPoint(
        int n,
        long address,
        String function,
        long offset,
        Verdict verdict,
        List<String> holds,
        Optional<String> waitsFor,
        List<String> console,
        Optional<String> message) {
    public SweepPoint {
        holds = List.copyOf(holds);
        console = List.copyOf(console);
    }

    /** {@code function+0xoffset}. */
    public String where() {
        return function + "+0x" + Long.toHexString(offset);
    }
}
