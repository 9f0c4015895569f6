// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.List;
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
 * @param cpu the CPU that it was taken on, where known
 * @param context what the stack is of: {@code task}, {@code nmi}, {@code irq}, or the report's own word ({@code held since},
 *     {@code allocated}, {@code freed}, ...)
 */
public record Stack(OptionalInt cpu, String context, List<Frame> frames) {
    public Stack {
        frames = List.copyOf(frames);
    }
}
