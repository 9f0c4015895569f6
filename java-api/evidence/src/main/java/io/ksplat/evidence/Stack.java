// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A call stack, innermost frame first.
 *
 * <pre>{@code
 * for (Stack stack : evidence.stacks()) {
 *     for (Frame frame : stack.frames()) {
 *         System.out.println(stack.context() + ": " + frame.function() + (frame.certain() ? "" : " (stale?)"));
 *     }
 * }
 * }</pre>
 *
 * @param cpu the CPU of the stack
 * @param context {@code task}, {@code nmi}, {@code irq}, or the report's label for the stack ({@code held since},
 *     {@code allocated}, {@code freed}, ...)
 * @param task the task of the stack, or the one that the context interrupted
 */
public record Stack(OptionalInt cpu, String context, Optional<Task> task, List<Frame> frames) {
    public Stack {
        frames = List.copyOf(frames);
    }

    /** Creates a stack whose task is not known. */
    public Stack(OptionalInt cpu, String context, List<Frame> frames) {
        this(cpu, context, Optional.empty(), frames);
    }

    /** Returns this stack with a task, or without one. */
    public Stack with(Optional<Task> whose) {
        return new Stack(cpu, context, whose, frames);
    }

    /** Returns this stack with other frames. */
    public Stack with(List<Frame> others) {
        return new Stack(cpu, context, task, others);
    }
}
