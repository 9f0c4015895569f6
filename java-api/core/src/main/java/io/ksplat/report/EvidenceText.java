// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report;

import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;

/** Evidence for people: its title, its cycle, its stacks. */
public final class EvidenceText {
    private EvidenceText() {}

    public static String of(Evidence found) {
        StringBuilder text = new StringBuilder(brief(found));
        for (Stack stack : found.stacks()) {
            text.append(of(stack, Integer.MAX_VALUE));
        }
        return text.toString();
    }

    /** Its title and its cycle. */
    public static String brief(Evidence found) {
        StringBuilder text = new StringBuilder();
        text.append(found.kind().id()).append(": ").append(found.title()).append('\n');
        for (CycleNode node : found.cycle()) {
            text.append("  ").append(node.context());
            node.cpu().ifPresent(cpu -> text.append(" on CPU ").append(cpu));
            text.append(" holds ").append(node.holds());
            text.append(" and waits for ").append(node.waitsFor()).append('\n');
        }
        return text.toString();
    }

    /** A stack, of which at most {@code limit} frames are shown. */
    public static String of(Stack stack, int limit) {
        StringBuilder text = new StringBuilder("  ");
        stack.cpu().ifPresent(cpu -> text.append("CPU ").append(cpu).append(", "));
        text.append(stack.context()).append(":\n");
        int shown = 0;
        for (Frame frame : stack.frames()) {
            if (shown++ == limit) {
                text.append("    ... ").append(stack.frames().size() - limit).append(" more\n");
                break;
            }
            text.append("    ").append(of(frame)).append('\n');
        }
        return text.toString();
    }

    private static String of(Frame frame) {
        StringBuilder text = new StringBuilder(frame.certain() ? "" : "? ").append(frame.function());
        frame.offset().ifPresent(offset -> text.append("+0x").append(Long.toHexString(offset)));
        frame.file().ifPresent(file -> {
            text.append(" at ").append(file);
            frame.line().ifPresent(line -> text.append(':').append(line));
        });
        return text.append(frame.inlined() ? " (inlined)" : "").toString();
    }
}
