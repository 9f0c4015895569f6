// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.evidence.Verdict;
import java.util.List;
import java.util.Optional;

/**
 * The result of an NMI after {@code n} instructions. Every point is measured.
 *
 * @param n instructions after the anchor
 * @param address the instruction before which the NMI arrived
 * @param function the function of that instruction, or its address if no function is known
 * @param verdict the verdict from outside: DEADLOCK, or CLEAN if every CPU lived on and the NMI had done its work;
 *     otherwise {@code message} has the reason
 * @param holds the names of the locks that the interrupted context holds; see {@link HeldLockProbe}
 * @param waitsFor for a deadlock, the lock that the dead CPU waits for
 * @param console titles of the console's evidence, which takes no part in the verdict
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

    /** Returns {@code function+0xoffset}. */
    public String where() {
        return function + "+0x" + Long.toHexString(offset);
    }
}
