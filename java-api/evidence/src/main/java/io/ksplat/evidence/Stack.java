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
 * @param cpu the CPU that it was taken on
 * @param context what the stack is of: {@code task}, {@code nmi}, {@code irq}, or the report's own word ({@code held since},
 *     {@code allocated}, {@code freed}, ...)
 * @param task the task whose stack it is, or that the context interrupted
 */
public record Stack(OptionalInt cpu, String context, Optional<Task> task, List<Frame> frames) {
    public Stack {
        frames = List.copyOf(frames);
    }

    /** A stack whose task is not known. */
    public Stack(OptionalInt cpu, String context, List<Frame> frames) {
        this(cpu, context, Optional.empty(), frames);
    }

    /** Returns the same stack with its task, if there is one. */
    public Stack with(Optional<Task> whose) {
        return new Stack(cpu, context, whose, frames);
    }

    /** Returns the same stack with other frames. */
    public Stack with(List<Frame> others) {
        return new Stack(cpu, context, task, others);
    }
}
