// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import io.ksplat.evidence.Stack;
import io.ksplat.evidence.internal.console.AskedBacktraces;
import io.ksplat.machine.ConsoleLog;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads on a console, on its way to another reader, whose hearts the agent says stand still, where those CPUs are, and whether messages are
 * lost.
 */
final class ConsoleBeats implements ConsoleLog.Reader {
    private static final Pattern BEAT = Pattern.compile("ksplat: beat \\d+ still:((?: \\d{1,3})*)\\s*$");
    /** kernel/printk/printk.c, console_prepend_dropped(): on each console that has lost messages. */
    private static final Pattern DROPPED = Pattern.compile("\\*\\* \\d+ printk messages dropped \\*\\*");

    /** init/main.c, start_kernel(): a kernel's first line, behind the time of its begin, which no program can write there. */
    private static final Pattern BOOTS =
            Pattern.compile("^(?:<\\d+>)?\\[ *0\\.\\d{6}\\]\\s*(?:\\[ *[TC]\\d+\\]\\s*)?Linux version \\d");

    /** kernel/panic.c, vpanic(). */
    private static final Pattern PANIC = Pattern.compile("Kernel panic - not syncing: ");

    private static final int LONGEST = 1024;

    private final ConsoleLog.Reader next;
    private final StringBuilder line = new StringBuilder();
    private final AskedBacktraces asked = new AskedBacktraces();
    private volatile Beat last = new Beat(0, Set.of(), true);
    private volatile boolean dropped;
    private volatile boolean panicked;
    private volatile boolean booted;

    /**
     * The last beat.
     *
     * @param hostNanos when it came; 0 before the first
     * @param settled whether no heart has come back since the beat before
     */
    record Beat(long hostNanos, Set<Integer> still, boolean settled) {
        Beat {
            still = Set.copyOf(still);
        }
    }

    ConsoleBeats(ConsoleLog.Reader next) {
        this.next = next;
    }

    /** What the next kernel says is no evidence of this one. */
    @Override
    public void feed(byte[] buffer, int offset, int length) {
        int end = offset;
        for (int i = offset; i < offset + length && !booted; i++) {
            if (buffer[i] == '\n') {
                read(line.toString());
                line.setLength(0);
            } else if (line.length() < LONGEST) {
                line.append((char) (buffer[i] & 0xff));
            }
            end = i + 1;
        }
        next.feed(buffer, offset, end - offset);
    }

    private void read(String text) {
        asked.line(text);
        if (DROPPED.matcher(text).find()) {
            dropped = true;
        }
        panicked |= PANIC.matcher(text).find();
        booted |= BOOTS.matcher(text).find();
        Matcher beat = BEAT.matcher(text);
        if (beat.find()) {
            Set<Integer> still = new TreeSet<>();
            for (String cpu : beat.group(1).strip().split(" ", -1)) {
                if (!cpu.isEmpty()) {
                    still.add(Integer.parseInt(cpu));
                }
            }
            last = new Beat(System.nanoTime(), still, still.containsAll(last.still()));
        }
    }

    /** Returns where the CPUs were when the agent last asked. */
    List<Stack> backtraces() {
        return asked.stacks();
    }

    /** Returns whether the console has lost messages. */
    boolean hasDropped() {
        return dropped;
    }

    /** Returns whether the kernel has panicked. */
    boolean hasPanicked() {
        return panicked;
    }

    /** Returns whether a kernel has begun to boot. */
    boolean hasBooted() {
        return booted;
    }

    /** Lets nothing more through: it would be of another boot. */
    void end() {
        booted = true;
    }

    Beat last() {
        return last;
    }
}
