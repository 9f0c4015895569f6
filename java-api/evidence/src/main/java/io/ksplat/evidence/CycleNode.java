// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * One node of a deadlock's cycle. Each node waits for a lock that the next one holds; the last waits for a lock that the first holds.
 *
 * <pre>{@code
 * for (CycleNode node : evidence.cycle()) {
 *     System.out.println(node.context() + " holds " + node.holds() + " and waits for " + node.waitsFor());
 * }
 * }</pre>
 *
 * @param context {@code task}, {@code softirq}, {@code hardirq} or {@code NMI}
 * @param task the task that runs in the context or was interrupted by it; empty if lockdep only predicts the cycle
 * @param holds the lock that it holds
 * @param waitsFor the lock that it wants
 * @param inferred whether the node holds the lock only by inference: nothing records the owner
 */
public record CycleNode(
        String context, OptionalInt cpu, Optional<Task> task, String holds, String waitsFor, boolean inferred) {
    /** Creates a node whose task is not known. */
    public CycleNode(String context, OptionalInt cpu, String holds, String waitsFor, boolean inferred) {
        this(context, cpu, Optional.empty(), holds, waitsFor, inferred);
    }

    /** Creates a node that a report or memory names, and whose task is not known. */
    public CycleNode(String context, OptionalInt cpu, String holds, String waitsFor) {
        this(context, cpu, Optional.empty(), holds, waitsFor, false);
    }

    /** Returns this node with a task, or without one. */
    public CycleNode with(Optional<Task> whose) {
        return new CycleNode(context, cpu, whose, holds, waitsFor, inferred);
    }
}
