// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Stack;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Collects where each CPU is, as the kernel prints it when somebody asks by sysrq-l (sysrq_handle_showallcpus, drivers/tty/sysrq.c).
 * That is no evidence by itself, since somebody asked, but it shows the CPUs that no detector reports. Thread-safe.
 */
public final class AskedBacktraces {
    private static final String HEAD = "sysrq: Show backtrace of all active CPUs";

    /** Of all CPUs together. */
    private static final int MOST_LINES = 8192;

    private final LineReader reader = new LineReader();
    private List<Line> lines = new ArrayList<>();
    private boolean asked;

    /** Reads a line of the console. */
    public synchronized void line(String raw) {
        boolean begins = raw.contains(HEAD);
        if (begins) {
            // Only where the CPUs were last counts.
            lines = new ArrayList<>();
            asked = true;
        }
        if (asked && lines.size() < MOST_LINES) {
            byte[] bytes = raw.getBytes(StandardCharsets.ISO_8859_1);
            lines.addAll(reader.read(bytes, 0, bytes.length));
        }
    }

    /** Returns the stacks of the CPUs that the last answer shows, each with its CPU; one that idled is not among them. */
    public synchronized List<Stack> stacks() {
        return TraceReader.read(lines).stream()
                .filter(trace -> trace.label().equals("nmi backtrace"))
                .flatMap(trace -> trace.stacks().stream())
                .filter(stack -> stack.cpu().isPresent())
                .toList();
    }
}
