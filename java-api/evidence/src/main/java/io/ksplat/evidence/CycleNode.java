// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * One node of a deadlock's cycle; each waits for what the next one holds, the last for what the first one holds.
 *
 * <pre>{@code
 * for (CycleNode node : evidence.cycle()) {
 *     System.out.println(node.context() + " holds " + node.holds() + " and waits for " + node.waitsFor());
 * }
 * }</pre>
 *
 * @param context {@code task}, {@code softirq}, {@code hardirq} or {@code NMI}
 * @param task the task that runs in the context, or that it interrupted; empty in a cycle that only may come to be
 * @param holds the lock that it holds
 * @param waitsFor the lock that it wants
 * @param inferred whether it is known to hold the lock only from where it is
 */
public record CycleNode(
        String context, OptionalInt cpu, Optional<Task> task, String holds, String waitsFor, boolean inferred) {
    /** A node whose task is not known. */
    public CycleNode(String context, OptionalInt cpu, String holds, String waitsFor, boolean inferred) {
        this(context, cpu, Optional.empty(), holds, waitsFor, inferred);
    }

    /** A node that a report or memory tells of, and whose task is not known. */
    public CycleNode(String context, OptionalInt cpu, String holds, String waitsFor) {
        this(context, cpu, Optional.empty(), holds, waitsFor, false);
    }

    /** Returns the same node with its task, if there is one. */
    public CycleNode with(Optional<Task> whose) {
        return new CycleNode(context, cpu, whose, holds, waitsFor, inferred);
    }
}
