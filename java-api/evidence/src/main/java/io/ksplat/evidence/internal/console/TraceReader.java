// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds the traces in a report's lines and labels them. */
final class TraceReader {
    /** Begins a trace of which the lines before it say what it is. */
    private static final Pattern CALLS = Pattern.compile(
            "^(?:\\[.*\\] )?(?:Call [Tt]race:|Call Trace\\b|Backtrace:|backtrace:|stack backtrace:|Stack trace:|Backtrace for|Trace:|Last Breaking)");

    private static final Pattern NMI = Pattern.compile("^NMI backtrace for cpu (\\d+)(?! skipped)");

    /** dump_cpu_task() (kernel/sched/core.c). */
    private static final Pattern CPU_DUMP = Pattern.compile("^(?:[\\w() ]+: )?Task dump for CPU (\\d+)");

    /** sched_show_task() (same file): {@code task:%-15.15s state:%c ... pid:%-5d}; {@code %-15.15s %c %s} and numbers before 5.10. */
    private static final Pattern TASK = Pattern.compile(
            "^task:(.{1,15}?) +state:\\S.*? pid: *(\\d+)|^(\\S.{0,14}?) +[RSDTtXZPIKW] +(?:running(?: task)? +|[0-9a-f]{8,16} +|stopped +)?(?:[0-9a-f]{8,16} +)?\\d+ +(\\d+) +\\d+ 0x[0-9a-f]{8}");

    /** rcu_check_gp_kthread_starvation() (kernel/rcu/tree_stall.h). */
    private static final Pattern KTHREAD = Pattern.compile(
            "^(?:rcu: )?(?:RCU grace-period kthread stack dump|Stack dump where RCU GP kthread last ran|Blocking task|Showing (?:backtraces|all))");

    private static final Pattern DUMP = Pattern.compile(
            "^(?:Task dump for CPU|CPU|Sending NMI from CPU|Showing stack for process|Stack dump where RCU GP kthread last ran)\\b.*?:?");
    /** dump_stack_cb (kernel/bpf/stream.c): {@code   text @ file:line} under the frame of a BPF program. */
    private static final Pattern SOURCE = Pattern.compile("^.* @ (\\S+):(\\d+)$");

    private static final Pattern ON_CPU = Pattern.compile("^CPU: (\\d+) |^Pid: \\d+, comm: ");

    /** Lines that label the trace below them. */
    private static final List<Label> LABELS = List.of(
            // mm/kasan/report.c and mm/kfence/report.c
            new Label("allocated", "Aa", "^(?:Allocated by task|Allocated:|allocated by task|Allocated in)"),
            new Label("freed", "FfrL", "^(?:Freed by task|Freed:|freed by task|Freed in|rcu-freed|Last free)"),
            new Label(
                    "related work",
                    "LS",
                    "^(?:Last potentially related work creation|Second to last potentially related work creation|Last call_rcu|Second to last call_rcu)"),
            // mm/kmsan/report.c
            new Label("stored", "U", "^Uninit was stored to memory at:"),
            new Label("created", "ULo", "^(?:Uninit was created at:|Local variable .* created at:|origin)"),
            // kernel/kcsan/report.c
            new Label("other access", "rwma", "^(?:read|write|marked|read-write|assert).* by .* on cpu \\d+:"),
            // kernel/locking/lockdep.c
            new Label("chain", "-", "^-> #\\d+ \\("),
            new Label("registered", "{", "^\\{[A-Z?-]+.*\\} state was registered at:"),
            new Label("became safe", "", "which became ", "\\bwhich became [A-Z_]+-(?:READ-)?irq-safe at:"),
            new Label(
                    "became unsafe",
                    "t.",
                    "^to a [A-Z_]+-(?:READ-)?irq-unsafe lock|^\\.\\.\\. which became .*unsafe|^to a .*-unsafe"),
            new Label("usage", "HSRILN", "^(?:HARDIRQ|SOFTIRQ|RECLAIM_FS|INITIAL|IN-|LOCKDEP|NMI).*(?:at:|USE at:)"),
            new Label("acquired", ".", "^\\.\\.\\. acquired at:"),
            new Label("key", ".", "^\\.\\.\\. key +at:"),
            new Label("preemption disabled", "P", "^Preemption disabled at:"),
            new Label("irqs", "hs", "^(?:hardirqs|softirqs) last"),
            new Label("held", "#", "^#\\d+: "),
            new Label(
                    "page owner",
                    "p",
                    "^(?:page last allocated via|page last free|page_owner tracks|page last free pid)"),
            new Label("created object", "O", "^(?:Object|ODEBUG)"));

    private static final Pattern STACK_MARK = Pattern.compile(
            "(?:\\[<[0-9a-f]+>\\] *)?<?</?(IRQ|SOFTIRQ|NMI|TASK|EOI|EOE|#DF|#DB|#MC|#VC|ENTRY_TRAMPOLINE|DOUBLEFAULT)\\d?>>? *");

    /**
     * A label and the line that announces it.
     *
     * @param firsts the possible first characters of the line, which rule it out quickly; empty for any
     * @param words what the line has in it, which rules it out quickly, too
     */
    private record Label(String name, String firsts, String words, Pattern line) {
        Label(String name, String firsts, String regex) {
            this(name, firsts, "", regex);
        }

        Label(String name, String firsts, String words, String regex) {
            this(name, firsts, words, Pattern.compile(regex));
        }

        boolean isOf(String text) {
            return (firsts.isEmpty() || !text.isEmpty() && firsts.indexOf(text.charAt(0)) >= 0)
                    && text.contains(words)
                    && line.matcher(text).find();
        }
    }

    private final List<Trace> traces = new ArrayList<>();
    private Trace current = new Trace("task", OptionalInt.empty());
    private String stack = "task";
    private boolean single;

    private TraceReader() {}

    static List<Trace> read(List<Line> lines) {
        TraceReader reader = new TraceReader();
        for (Line line : lines) {
            reader.line(line.text().strip());
        }
        reader.next("task", OptionalInt.empty());
        return reader.traces;
    }

    private void line(String raw) {
        if (raw.isEmpty()) {
            return;
        }
        String text = raw;
        if (text.indexOf('<') >= 0 && text.indexOf('>') > 0) {
            text = marks(text);
        }
        if (text.startsWith("Code:")
                || text.startsWith("hardirqs last")
                || text.startsWith("softirqs last")
                || text.startsWith("#")) {
            return;
        }
        if (text.startsWith("NMI backtrace")) {
            Matcher nmi = NMI.matcher(text);
            if (nmi.find()) {
                next(
                        "nmi backtrace",
                        OptionalInt.of(Integer.parseInt(nmi.group(1)
                                .substring(0, Math.min(9, nmi.group(1).length())))));
                return;
            }
        }
        Optional<Frame> pointer = FrameReader.pointer(text);
        if (pointer.isPresent()) {
            // the last "RIP  [<addr>] f+0x" of old kernels repeats the first one
            if (!current.hasFrames() || text.contains("0010:") || text.contains("0060:")) {
                current.add(pointer.get(), stack, true);
            }
            return;
        }
        List<Frame> frames = FrameReader.frames(text);
        if (!frames.isEmpty()) {
            frames.forEach(frame -> current.add(frame, stack, false));
            if (single) {
                next("task", OptionalInt.empty());
            }
            return;
        }
        if (text.contains(" @ ")) {
            Matcher source = SOURCE.matcher(text);
            if (source.find()) {
                current.locate(source.group(1), LockReader.number(source.group(2)));
                return;
            }
        }
        heading(text);
    }

    private void heading(String text) {
        for (Label label : LABELS) {
            if (label.isOf(text)) {
                next(label.name(), OptionalInt.empty());
                single = "preemption disabled".equals(label.name());
                return;
            }
        }
        if (text.contains("Task dump for CPU")) {
            Matcher dumped = CPU_DUMP.matcher(text);
            if (dumped.find()) {
                next("task", OptionalInt.of(LockReader.number(dumped.group(1))));
                return;
            }
        }
        if (isAnnouncement(text)) {
            next("task", OptionalInt.empty());
            return;
        }
        Optional<Task> task = task(text);
        if (task.isPresent()) {
            if (current.hasFrames() || !current.isMain() || "nmi backtrace".equals(current.label())) {
                next("task", OptionalInt.empty());
            }
            current.of(task.get());
            return;
        }
        Matcher cpu = ON_CPU.matcher(text);
        if ((text.startsWith("CPU: ") || text.startsWith("Pid: ")) && cpu.find()) {
            if (current.hasFrames() || !current.isMain()) {
                next("task", OptionalInt.empty());
            }
            current.on(
                    cpu.group(1) == null ? OptionalInt.empty() : OptionalInt.of(LockReader.number(cpu.group(1))),
                    FaultReader.running(text));
        } else if (text.startsWith("Exception stack")) {
            // arm prints the registers of what was interrupted, and goes on with its trace
            continued();
        } else if (isCalls(text)) {
            if (current.hasFrames() || text.startsWith("stack backtrace")) {
                next("task", current.hasFrames() ? OptionalInt.empty() : current.cpu());
            }
            stack = "task";
        } else if (current.hasFrames() && DUMP.matcher(text).find()) {
            next("task", OptionalInt.empty());
        }
    }

    // Each line that is no frame comes here: a word rules most of them out before a pattern is tried.

    private static boolean isAnnouncement(String text) {
        return !text.isEmpty()
                && "rRSB".indexOf(text.charAt(0)) >= 0
                && KTHREAD.matcher(text).find();
    }

    private static boolean isCalls(String text) {
        return (text.contains("race") || text.contains("Last Breaking"))
                && CALLS.matcher(text).find();
    }

    /** Returns the task whose trace a line announces. */
    static Optional<Task> task(String text) {
        if (!text.startsWith("task:") && !text.contains(" 0x")) {
            return Optional.empty();
        }
        Matcher task = TASK.matcher(text);
        if (!task.find()) {
            return Optional.empty();
        }
        boolean old = task.group(1) == null;
        return Optional.of(new Task(
                (old ? task.group(3) : task.group(1)).strip(), LockReader.number(old ? task.group(4) : task.group(2))));
    }

    /** Removes the marks of stacks from a line and remembers the current stack. */
    private String marks(String text) {
        Matcher mark = STACK_MARK.matcher(text);
        int end = 0;
        while (mark.region(end, text.length()).lookingAt()) {
            String name = mark.group(1).toLowerCase(Locale.ROOT);
            boolean leaves = mark.group().contains("</") || name.startsWith("eo") || "task".equals(name);
            stack = leaves ? "task" : name;
            end = mark.end();
        }
        return text.substring(end);
    }

    private void continued() {
        Trace before = current;
        next(before.label(), before.cpu());
        before.task().ifPresent(current::of);
    }

    private void next(String label, OptionalInt cpu) {
        if (!current.entries().isEmpty()) {
            traces.add(current);
        }
        current = new Trace(label, cpu);
        stack = "task";
        single = false;
    }
}
