// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.List;
import java.util.OptionalDouble;

/**
 * One typed finding.
 *
 * @param title one line, as a kernel developer would write it in a subject
 * @param signature what makes two findings the same bug: equal over addresses, CPUs, PIDs, offsets, builds and timing
 * @param locks the locks that it names, the one wanted first
 * @param cycle who waits for whom, empty where the evidence does not tell
 * @param stacks the one that matters most first
 * @param guestSeconds the kernel's own time stamp, where it printed one
 */
public record Evidence(
        EvidenceKind kind,
        String title,
        String signature,
        List<LockRef> locks,
        List<CycleNode> cycle,
        List<Stack> stacks,
        Source source,
        OptionalDouble guestSeconds) {
    public Evidence {
        locks = List.copyOf(locks);
        cycle = List.copyOf(cycle);
        stacks = List.copyOf(stacks);
    }
}
