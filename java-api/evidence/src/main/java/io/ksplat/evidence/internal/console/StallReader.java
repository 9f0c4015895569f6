// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Details;
import io.ksplat.evidence.Task;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads which CPU or task is stuck, for how long, and which CPU detected it. */
final class StallReader {
    /** print_cpu_stall_info (kernel/rcu/tree_stall.h): {@code \t1-...0: (123 ticks this GP) idle=...}; older: {@code \t1: (123 ticks ...}. */
    private static final Pattern STALLED =
            Pattern.compile("^(?:rcu: )?\\t?\\s*(\\d+)(?:-[.!?A-Za-z0-9]+)?: \\(.*(?:ticks this GP|GPs behind)");

    /** Stalls before 3.3, and expedited ones (kernel/rcu/tree_exp.h): {@code { 2-... 3} } and {@code { P123 }}. */
    private static final Pattern BRACES = Pattern.compile(
            "(?:detected (?:expedited )?stalls? on CPUs?/?(?:tasks)?|self-detected stall on CPU):?\\s*\\{([^}]*)\\}?");

    /** check_holdout_task (kernel/rcu/tasks.h), before the task that RCU waits for: {@code %p: %c%c nvcsw: %lu/%lu holdout: %d idle_cpu: %d/%d}. */
    private static final Pattern HOLDOUT = Pattern.compile("holdout: \\d+ idle_cpu: -?\\d+/");

    private static final Pattern BLOCKED = Pattern.compile("\\bP(\\d+)\\b");
    private static final Pattern DETECTED_BY = Pattern.compile("detected by (\\d+)");
    /** rcu_print_task_stall(): {@code Tasks blocked on level-0 rcu_node (CPUs 0-3): P955/2:b..l}. */
    private static final Pattern WAITED_FOR = Pattern.compile("Tasks blocked on level-\\d+ rcu_node[^:]*:(.*)$");

    private static final Pattern JIFFIES = Pattern.compile("\\bt=(\\d+) jiffies|\\} (\\d+) jiffies s:");
    private static final Pattern SOFT = Pattern.compile("CPU#(\\d+) stuck for (\\d+)s! \\[(.*):(\\d+)\\]");
    private static final Pattern HARD = Pattern.compile(
            "(?:hard |NMI Watchdog detected )LOCKUP on (?:cpu |CPU ?)(\\d+)|Watchdog CPU:(\\d+) Hard LOCKUP|^(?:watchdog: )?CPU (\\d+) (?:Hard LOCKUP|self-detected hard)");
    private static final Pattern HARD_BY =
            Pattern.compile("\\bCPU ?(\\d+): Watchdog detected|^CPU (\\d+) (?:self-)?detected hard");
    private static final Pattern CSD =
            Pattern.compile("CSD lock \\(#\\d+\\) on CPU#(\\d+), waiting (\\d+) ns for CPU#(\\d+)");
    private static final Pattern POOL = Pattern.compile("pool(?: \\d+:)? cpus=([\\d,-]+).* stuck for (\\d+)s");

    private static final Pattern HUNG = Pattern.compile(
            "\\btask (.*):(\\d+) (?:blocked|can't die|has been waiting).* for more than (\\d+) seconds");
    private static final Pattern BLOCKER = Pattern.compile(
            "INFO: task .*:\\d+ (?:<\\w+> )?(?:is )?blocked on an? (mutex|semaphore|rw-semaphore)(?: likely (?:owned|last held) by task (.*?):(\\d+)(?: <\\w+>)?)?");

    /** check_rq_for_timeouts() (kernel/sched/ext.c). */
    private static final Pattern STARVED =
            Pattern.compile("sched_ext: \\S+: (.{1,15})\\[(\\d+)\\] failed to run for (\\d+\\.\\d{3})s");

    private static final Pattern PWQ = Pattern.compile("^\\s*pwq \\d+: cpus=([\\d,-]+)");
    private static final Pattern WORK = Pattern.compile("\\b\\d+(?:\\(RESCUER\\))?:([A-Za-z_][\\w.]*)");

    /** Of a line that tells of a stall, one is in it: most lines are frames and registers. */
    private static final List<String> TELLING = List.of(
            "LOCKUP",
            "etected",
            " GP",
            "Tasks blocked",
            "jiffies",
            "stuck for",
            "failed to run",
            "CSD lock",
            "holdout",
            "CPU: ",
            "Pid: ",
            "Process ");

    /** Works in flight that are told of. */
    private static final int MOST_WORKS = 64;

    private StallReader() {}

    static Details read(Report report) {
        Matcher hung = HUNG.matcher(report.lines.get(0).text());
        return hung.find() ? hang(report, hung) : stall(report);
    }

    /** Returns the CPUs that the report calls stuck. */
    static List<Integer> cpus(Report report) {
        return read(report) instanceof Details.Stall stall ? stall.cpus() : List.of();
    }

    private static Details hang(Report report, Matcher hung) {
        Optional<Details.Blocker> blocker = report.lines.stream()
                .map(line -> BLOCKER.matcher(line.text()))
                .filter(Matcher::find)
                .map(found -> new Details.Blocker(
                        found.group(1),
                        Optional.ofNullable(found.group(2))
                                .map(comm -> new Task(comm, LockReader.number(found.group(3))))))
                .findFirst();
        return new Details.Hang(
                new Task(hung.group(1), LockReader.number(hung.group(2))), LockReader.number(hung.group(3)), blocker);
    }

    private static Details stall(Report report) {
        Set<Integer> cpus = new LinkedHashSet<>();
        List<Task> tasks = new ArrayList<>();
        OptionalInt by = OptionalInt.empty();
        OptionalDouble seconds = OptionalDouble.empty();
        OptionalDouble jiffies = OptionalDouble.empty();
        boolean holdout = false;
        boolean self = report.lines.get(0).text().contains("self-detected");
        for (Line line : report.lines) {
            String text = line.text();
            if (!holdout && TELLING.stream().noneMatch(text::contains)) {
                continue;
            }
            number(STALLED.matcher(text)).ifPresent(cpus::add);
            number(HARD.matcher(text)).ifPresent(cpus::add);
            if (holdout) {
                TraceReader.task(text.strip()).ifPresent(tasks::add);
            }
            holdout = HOLDOUT.matcher(text).find();
            OptionalInt noticed = number(DETECTED_BY.matcher(text));
            noticed = noticed.isPresent() ? noticed : number(HARD_BY.matcher(text));
            by = by.isPresent() ? by : noticed;
            Matcher braces = BRACES.matcher(text);
            if (braces.find()) {
                braces(braces.group(1), cpus, tasks);
            }
            Matcher waitedFor = WAITED_FOR.matcher(text);
            if (waitedFor.find()) {
                Matcher pid = BLOCKED.matcher(waitedFor.group(1));
                while (pid.find()) {
                    tasks.add(new Task(comm(report, pid.group(1)), LockReader.number(pid.group(1))));
                }
            }
            Matcher since = JIFFIES.matcher(text);
            if (since.find() && jiffies.isEmpty()) {
                jiffies =
                        OptionalDouble.of(Double.parseDouble(since.group(1) == null ? since.group(2) : since.group(1)));
            }
            Matcher soft = SOFT.matcher(text);
            if (soft.find()) {
                cpus.add(LockReader.number(soft.group(1)));
                seconds = OptionalDouble.of(Double.parseDouble(soft.group(2)));
                tasks.add(new Task(soft.group(3), LockReader.number(soft.group(4))));
            }
            Matcher starved = STARVED.matcher(text);
            if (starved.find()) {
                tasks.add(new Task(starved.group(1), LockReader.number(starved.group(2))));
                seconds = OptionalDouble.of(Double.parseDouble(starved.group(3)));
            }
            Matcher csd = CSD.matcher(text);
            if (csd.find()) {
                by = OptionalInt.of(LockReader.number(csd.group(1)));
                seconds = OptionalDouble.of(Double.parseDouble(csd.group(2)) / 1e9);
                cpus.add(LockReader.number(csd.group(3)));
            }
            Matcher pool = POOL.matcher(text);
            if (pool.find()) {
                CpuList.read(pool.group(1)).forEach(cpus::add);
                seconds = OptionalDouble.of(Double.parseDouble(pool.group(2)));
            }
            Optional<FaultReader.Dump> running = FaultReader.dump(text.strip());
            if (running.isPresent() && tasks.isEmpty()) {
                tasks.add(running.get().task());
                if (self && cpus.isEmpty()) {
                    running.get().cpu().ifPresent(cpus::add);
                }
            }
        }
        if (self && by.isEmpty()) {
            by = cpus.stream().mapToInt(cpu -> cpu).findFirst();
        }
        return new Details.Stall(List.copyOf(cpus), by, seconds, jiffies, tasks);
    }

    /** Returns the name of a task whose trace is in the report; empty if there is none. */
    private static String comm(Report report, String pid) {
        Pattern named = Pattern.compile("^\\s*task:(.{1,15}?) +state:\\S.*? pid: *" + pid + "\\b");
        return report.lines.stream()
                .map(line -> named.matcher(line.text()))
                .filter(Matcher::find)
                .map(found -> found.group(1))
                .findFirst()
                .orElse("");
    }

    /** show_pwq() (kernel/workqueue.c): {@code pwq 4: cpus=2 ...} and below it {@code in-flight: 88:foo_work, 89:bar_work BAR(60)}. */
    static List<String> inFlight(Report report, List<Integer> cpus) {
        List<String> functions = new ArrayList<>();
        List<Integer> of = List.of();
        for (Line line : report.lines) {
            Matcher pwq = PWQ.matcher(line.text());
            if (pwq.find()) {
                of = CpuList.read(pwq.group(1));
            }
            int start = line.text().indexOf("in-flight: ");
            if (start >= 0 && of.stream().anyMatch(cpus::contains)) {
                Matcher work = WORK.matcher(line.text().substring(start));
                while (work.find() && functions.size() < MOST_WORKS) {
                    functions.add(work.group(1));
                }
            }
        }
        return functions.stream().distinct().toList();
    }

    private static void braces(String list, Set<Integer> cpus, List<Task> tasks) {
        for (String word : list.strip().split("[ ,]+", -1)) {
            Matcher blocked = BLOCKED.matcher(word);
            if (blocked.find()) {
                tasks.add(new Task("", LockReader.number(blocked.group(1))));
            } else if (word.matches("\\d{1,5}(?:-[.!?A-Za-z]+)?")) {
                cpus.add(LockReader.number(word.replaceFirst("-.*", "")));
            }
        }
    }

    private static OptionalInt number(Matcher matcher) {
        if (!matcher.find()) {
            return OptionalInt.empty();
        }
        for (int i = 1; i <= matcher.groupCount(); i++) {
            if (matcher.group(i) != null) {
                return OptionalInt.of(LockReader.number(matcher.group(i)));
            }
        }
        return OptionalInt.empty();
    }
}
