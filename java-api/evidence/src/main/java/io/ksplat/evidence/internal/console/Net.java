// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import static io.ksplat.evidence.EvidenceKind.OTHER;
import static io.ksplat.evidence.EvidenceKind.WARNING;

import java.util.List;
import java.util.Set;

/** The net for reports whose head no rule knows: what a warning or bug begins with, and the line of a trace that names CPU and task. */
final class Net {
    private static final Rule CUT = Rule.of(
            WARNING,
            Rule.Family.WARNING,
            "[ cut here ]",
            "-{4,}\\[ cut here \\]-{4,}",
            "unknown report in {f}",
            Rule.Blame.STACK,
            "kernel/panic.c");

    private static final Rule DUMP = Rule.of(
            OTHER,
            Rule.Family.WARNING,
            " PID: ",
            "^CPU: \\d+ (?:UID: \\d+ )?PID: \\d+ Comm: ",
            "unknown trace in {f}",
            Rule.Blame.STACK,
            "lib/dump_stack.c");

    static final List<Rule> RULES = List.of(CUT, DUMP);

    /**
     * Functions on the way to a trace that is no report: somebody asked for it (sysrq, NMI), memory was short, a test made a call fail, or it belongs to
     * a report that is told already.
     */
    private static final Set<String> HARMLESS = Set.of(
            "warn_alloc",
            "warn_alloc_failed",
            "dump_header",
            "oom_kill_process",
            "out_of_memory",
            "should_fail",
            "should_fail_ex",
            "fail_dump",
            "handle_sysrq",
            "__handle_sysrq",
            "nmi_cpu_backtrace",
            "nmi_trigger_cpumask_backtrace",
            "sched_show_task",
            "dump_cpu_task",
            "panic",
            "vpanic",
            "nmi_panic");

    /** lib/dump_stack.c. */
    private static final String DUMPS = "dump_stack";

    private Net() {}

    static boolean is(Rule rule) {
        return rule.equals(CUT) || rule.equals(DUMP);
    }

    /** Returns whether a rule of the net begins a report only if none is open: its line belongs to most reports. */
    static boolean isOfOthers(Rule rule) {
        return rule.equals(DUMP);
    }

    /**
     * Returns whether the net caught nothing. A dump without a head that is known is a report only if a part of the kernel that checks others asked for it: a
     * driver may show how it was called whenever it likes.
     */
    static boolean isEmpty(Report report) {
        List<String> functions = report.lines.stream()
                .flatMap(line -> FrameReader.frames(line.text().strip()).stream())
                .map(frame -> Names.plain(frame.function()))
                .toList();
        return functions.isEmpty()
                || functions.stream().anyMatch(HARMLESS::contains)
                || report.rule().equals(DUMP) && !isOfKernels(functions);
    }

    private static boolean isOfKernels(List<String> functions) {
        return functions.stream().anyMatch(name -> name.startsWith(DUMPS))
                && functions.stream()
                        .dropWhile(name -> !name.startsWith(DUMPS))
                        .filter(name -> !name.startsWith(DUMPS))
                        .findFirst()
                        .flatMap(KernelFunctions::area)
                        .isPresent();
    }
}
