// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

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
 * @param context who: {@code task}, {@code softirq}, {@code hardirq}, {@code NMI}
 * @param holds the lock that it holds
 * @param waitsFor the lock that it wants
 * @param inferred whether that it holds the lock follows from where it is, and is written nowhere
 */
public record CycleNode(String context, OptionalInt cpu, String holds, String waitsFor, boolean inferred) {
    /** A node that a report tells of, or memory. */
    public CycleNode(String context, OptionalInt cpu, String holds, String waitsFor) {
        this(context, cpu, holds, waitsFor, false);
    }
}
