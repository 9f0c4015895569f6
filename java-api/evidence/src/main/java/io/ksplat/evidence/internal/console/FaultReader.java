// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Details;
import io.ksplat.evidence.Task;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads dumps of exceptions, bad memory accesses and broken spin locks. */
final class FaultReader {
    /** __show_regs of x86, arm, arm64, riscv and others: {@code RAX: 00..}, {@code x0 : 00..}, {@code r7 : 00..}, {@code a0 : 00..}. */
    private static final Pattern REGISTER =
            Pattern.compile("\\b([A-Za-z][A-Za-z0-9_]{1,8}) ?: (?:[0-9a-f]{4}:)?([0-9a-f]{8}|[0-9a-f]{16})\\b");

    private static final Pattern REGISTERS = Pattern.compile(
            "^\\s*(?:RAX|RDX|RBP|R10|R13|RSP|EAX|ESI|CR2|FS|x\\d|x[12]\\d|sp ?:|r\\d|r10|pc ?:|[ast]\\d|gp|ra|epc|status|EIP|EFLAGS|DS|pstate)\\b.*:.*");

    /** dump_stack_print_info() (lib/dump_stack.c), with the user since 6.11; a BPF program's stream ends behind the task's name. */
    private static final Pattern RUNNING = Pattern.compile(
            "^CPU: (?<cpu>\\d+) (?:UID: \\d+ )?PID: (?<pid>\\d+) Comm: (?<comm>.{1,64}?)(?: (?:Kdump: loaded |Not tainted|Tainted|\\d+\\.\\d+)|$)");

    /** The same until 3.10. */
    private static final Pattern OLD =
            Pattern.compile("^Pid: (?<pid>\\d+), comm: +(?<comm>.{1,64}?) (?:Not tainted|Tainted|\\(|\\d+\\.\\d+|$)");

    /** show_regs_common() of x86 until 3.2, on a line of its own: {@code CPU 6 }. */
    private static final Pattern OLD_CPU = Pattern.compile("CPU (\\d+) ?|EIP: .* EFLAGS: [0-9a-f]+ CPU: (\\d+)");

    /** die_if_kernel() of alpha and sparc: {@code modprobe(123): Oops 0}, {@code cat(88): Oops [#1]}. */
    private static final Pattern DYING =
            Pattern.compile("^(?<comm>.{1,15})\\((?<pid>\\d+)\\): [A-Z].* \\[?#?\\d+\\]?$");

    /** arm, mips, s390 and others, below the registers: {@code Process cat (pid: 88, stack limit = 0x...)}. */
    private static final Pattern PROCESS = Pattern.compile("^Process (?<comm>.{1,64}?) \\(pid: (?<pid>\\d+)");

    /** Heads and second lines that name the task themselves. */
    private static final Pattern NAMED = Pattern.compile(
            "BUG: scheduling while atomic: (?<comm>.{1,15})/(?<pid>\\d+)/|in preemptible \\[\\w+\\] code: (?<comm2>.{1,15})/(?<pid2>\\d+)|in_atomic\\(\\): .* pid: (?<pid3>\\d+), name: (?<comm3>.{1,15})$"
                    + "|^\\d+ locks? held by (?<comm4>.{1,15})/(?<pid4>\\d+)");

    /** __schedule_bug and __might_resched (kernel/sched/core.c): {@code comm/pid/0x00000002}, {@code preempt_count: 1, expected: 0}. */
    private static final Pattern COUNT = Pattern.compile(
            "BUG: scheduling while atomic: .*/\\d+/0x([0-9a-f]{8})|^preempt_count: ([0-9a-f]+), expected|with preempt_count ([0-9a-f]{8})");

    private static final Pattern CODE = Pattern.compile("^\\s*Code: (?:Bad RIP|.*\\b)([0-9a-f].*)$");
    private static final Pattern ACCESS = Pattern.compile(
            "^\\s*(Read|Write|Free)(?: of size (\\d+))?(?: at| of) addr ([0-9a-f]+)(?: by task (.*)/(\\d+))?");
    /** kfence_report_error (mm/kfence/report.c): {@code Use-after-free read at 0x... (in kfence-#1):}. */
    private static final Pattern KFENCE = Pattern.compile(
            "^\\s*(?:Out-of-bounds|Use-after-free|Invalid|Corrupted) (read|write|free|memory)(?: of| at) (?:0x)?([0-9a-f]+)");

    /** KASAN's line, and that of kfence_print_object: {@code kfence-#1: 0x...-0x..., size=32, cache=kmalloc-32}. */
    private static final Pattern CACHE =
            Pattern.compile("belongs to the cache (\\S+) of size|^kfence-#\\d+: .*, cache=(\\S+)");

    private static final Pattern SPIN =
            Pattern.compile("BUG: (?:spinlock|rwlock) ([A-Za-z -]+?) on CPU#(\\d+), (.*)/(\\d+)(?:,|$)");
    private static final Pattern OWNER =
            Pattern.compile("lock: .*\\.magic: ([0-9a-f]+), \\.owner: (.*?)/(-?\\d+), \\.owner_cpu: (-?\\d+)");

    /** The number of lines in which a head and what belongs to it lie. */
    private static final int MOST_HEAD = 24;

    private FaultReader() {}

    static Details exception(Report report) {
        Map<String, String> registers = new TreeMap<>();
        Optional<String> code = Optional.empty();
        for (Line line : report.lines) {
            if (line.text().contains("Call Trace") || line.text().contains("Call trace")) {
                break;
            }
            if (REGISTERS.matcher(line.text()).matches()) {
                Matcher register = REGISTER.matcher(line.text());
                while (register.find()) {
                    registers.putIfAbsent(register.group(1).toLowerCase(Locale.ROOT), register.group(2));
                }
            }
            Matcher bytes = CODE.matcher(line.text());
            if (code.isEmpty() && bytes.find()) {
                code = Optional.of(line.text().strip().substring("Code: ".length()));
            }
        }
        return new Details.Fault(registers, running(report.lines), code);
    }

    static Details access(Report report) {
        Optional<String> cache = report.lines.stream()
                .map(line -> CACHE.matcher(line.text()))
                .filter(Matcher::find)
                .map(found -> found.group(1) == null ? found.group(2) : found.group(1))
                .findFirst();
        Optional<Matcher> kfence = report.lines.stream()
                .limit(8)
                .map(line -> KFENCE.matcher(line.text()))
                .filter(Matcher::find)
                .findFirst();
        if (kfence.isPresent()) {
            return new Details.Access(
                    capital(kfence.get().group(1)),
                    OptionalInt.empty(),
                    Optional.of(kfence.get().group(2)),
                    running(report.lines),
                    cache);
        }
        return report.lines.stream()
                .limit(8)
                .map(line -> ACCESS.matcher(line.text()))
                .filter(Matcher::find)
                .findFirst()
                .<Details>map(found -> new Details.Access(
                        found.group(1),
                        found.group(2) == null
                                ? OptionalInt.empty()
                                : OptionalInt.of(LockReader.number(found.group(2))),
                        Optional.of(found.group(3)),
                        Optional.ofNullable(found.group(4))
                                .map(comm -> new Task(comm, LockReader.number(found.group(5)))),
                        cache))
                .orElseGet(Details.None::new);
    }

    private static String capital(String word) {
        return word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1);
    }

    static Details spinlock(Report report) {
        Matcher head = SPIN.matcher(report.lines.get(0).text());
        Optional<Matcher> owner = report.lines.stream()
                .limit(4)
                .map(line -> OWNER.matcher(line.text()))
                .filter(Matcher::find)
                .findFirst();
        boolean whole = head.find();
        return new Details.Spinlock(
                whole ? head.group(1) : "",
                whole ? OptionalInt.of(LockReader.number(head.group(2))) : OptionalInt.empty(),
                whole ? Optional.of(new Task(head.group(3), LockReader.number(head.group(4)))) : Optional.empty(),
                owner.map(found -> found.group(1)),
                owner.filter(found -> !found.group(3).startsWith("-"))
                        .map(found -> new Task(found.group(2), LockReader.number(found.group(3)))),
                owner.filter(found -> !found.group(4).startsWith("-"))
                        .map(found -> OptionalInt.of(LockReader.number(found.group(4))))
                        .orElse(OptionalInt.empty()));
    }

    static Optional<Task> running(List<Line> lines) {
        return dumps(lines)
                .map(Dump::task)
                .findFirst()
                .or(() -> lines.stream()
                        .limit(MOST_HEAD)
                        .flatMap(line -> named(NAMED.matcher(line.text().strip())).stream())
                        .findFirst())
                .or(() -> lines.stream()
                        .limit(MOST_HEAD)
                        .map(line -> DYING.matcher(line.text().strip()))
                        .filter(Matcher::find)
                        .map(found -> new Task(found.group("comm"), LockReader.number(found.group("pid"))))
                        .findFirst());
    }

    static Optional<Task> running(String trimmed) {
        return dump(trimmed).map(Dump::task);
    }

    /** Returns the task that ran on a CPU, if its dump is in the report. */
    static Optional<Task> running(List<Line> lines, int cpu) {
        return dumps(lines)
                .filter(dump -> dump.cpu().isPresent() && dump.cpu().getAsInt() == cpu)
                .map(Dump::task)
                .findFirst();
    }

    /** Returns the task that all dumps name, if they do not name a CPU. */
    static Optional<Task> runningSomewhere(List<Line> lines) {
        List<Dump> all = dumps(lines).distinct().toList();
        return all.size() == 1 && all.get(0).cpu().isEmpty()
                ? Optional.of(all.get(0).task())
                : Optional.empty();
    }

    static OptionalInt cpu(List<Line> lines) {
        return dumps(lines)
                .map(Dump::cpu)
                .filter(OptionalInt::isPresent)
                .findFirst()
                .orElseGet(() -> lines.stream()
                        .limit(MOST_HEAD)
                        .map(line -> OLD_CPU.matcher(line.text()))
                        .filter(Matcher::matches)
                        .map(found -> OptionalInt.of(
                                LockReader.number(found.group(1) == null ? found.group(2) : found.group(1))))
                        .findFirst()
                        .orElse(OptionalInt.empty()));
    }

    static OptionalInt preemptCount(List<Line> lines) {
        return lines.stream()
                .limit(MOST_HEAD)
                .filter(line ->
                        line.text().contains("preempt_count") || line.text().contains("scheduling while"))
                .map(line -> COUNT.matcher(line.text().strip()))
                .filter(Matcher::find)
                .map(FaultReader::count)
                .filter(OptionalInt::isPresent)
                .findFirst()
                .orElse(OptionalInt.empty());
    }

    private static OptionalInt count(Matcher found) {
        for (int i = 1; i <= found.groupCount(); i++) {
            if (found.group(i) != null && found.group(i).length() <= 8) {
                return OptionalInt.of((int) Long.parseLong(found.group(i), 16));
            }
        }
        return OptionalInt.empty();
    }

    private static Optional<Task> named(Matcher found) {
        if (!found.find()) {
            return Optional.empty();
        }
        for (String form : List.of("", "2", "3", "4")) {
            if (found.group("comm" + form) != null) {
                return Optional.of(new Task(found.group("comm" + form), LockReader.number(found.group("pid" + form))));
            }
        }
        return Optional.empty();
    }

    /** The line of dump_stack_print_info() (lib/dump_stack.c) about a CPU, which old kernels leave out. */
    record Dump(OptionalInt cpu, Task task) {}

    private static Stream<Dump> dumps(List<Line> lines) {
        return lines.stream().flatMap(line -> dump(line.text().strip()).stream());
    }

    static Optional<Dump> dump(String trimmed) {
        Pattern form = trimmed.startsWith("CPU: ")
                ? RUNNING
                : trimmed.startsWith("Pid: ") ? OLD : trimmed.startsWith("Process ") ? PROCESS : null;
        if (form == null) {
            return Optional.empty();
        }
        Matcher found = form.matcher(trimmed);
        return found.find()
                ? Optional.of(new Dump(
                        form == RUNNING ? OptionalInt.of(LockReader.number(found.group("cpu"))) : OptionalInt.empty(),
                        new Task(found.group("comm"), LockReader.number(found.group("pid")))))
                : Optional.empty();
    }
}
