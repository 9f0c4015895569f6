// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.EvidenceKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Collects the lines of one report. */
final class Report {
    /** Longer reports are cut here. */
    private static final int MOST_LINES = 4000;

    private static final int MOST_CHARACTERS = 1 << 19;

    /** The number of lines without a frame that end a report: before its first trace, after a trace, and after its end mark. */
    private static final int QUIET_BEFORE = 80;

    private static final int QUIET_AFTER = 40;
    private static final int QUIET_ENDED = 12;

    /** The number of lines within which all heads of an exception come, and those of a leak. */
    private static final int MOST_FAULT_HEAD = 24;

    private static final int MOST_LEAK_HEAD = 3;

    /** The number of lines in a row that have not the prefix of the report's other lines. */
    private static final int MOST_FOREIGN = 400;

    /** The number of lines within which the first line of a report's body comes. */
    private static final int MOST_BEFORE_BODY = 24;

    /** The number of lines with a learnt prefix that prove that it was one. */
    private static final int ENOUGH_OF_LEAD = 2;

    /** Widths at which mailers wrap lines. */
    static final int SHORTEST_WRAPPED = 50;

    private static final int WRAPPING = 70;
    private static final int LONGEST_WRAPPED = 100;

    private static final Pattern BODY = Pattern.compile(
            "^\\s*(?:\\[<[0-9a-f]+>\\]|(?:\\? )?[\\w.$<>:]+\\+0x[0-9a-f]+/0x|\\[[0-9a-f]{8,16}\\] |(?:\\? )?\\w+ \\([\\w./-]+:\\d+[) ]|CPU: \\d+ |Pid: \\d+, comm: |Call [Tt]race:|Backtrace|RIP: |EIP: |PC is at|pc : |NIP[: ]|epc |Modules linked in:|Hardware name:"
                    + "|\\{.*\\} state was registered|.* is trying to |.* just changed the state of|.* is freeing memory|.* still has locks held|.*\\}-\\{\\d:\\d\\}, at: |but task is already|.*\\[HC\\d|Read of size|Write of size|Free of addr|Internal error: |Oops: |invalid opcode: |\\S+ #\\d+ (?:Not tainted|Tainted)|(?:Not tainted|Tainted: )"
                    + "|\"echo 0 >|task:\\S|.*\\(?detected by \\d|\\(t=\\d|(?:rcu: )?\\s*\\d+-[.!?]|(?:rcu: )?\\s*\\d+: \\(\\d+ (?:ticks|GPs)|(?:rcu: )?\\s*Tasks blocked|Sending NMI|sending NMI|NMI backtrace|Showing |workqueue \\w+: flags|in-flight: |#\\d+: |\\d+ locks? held by|no locks held"
                    + "|in_atomic\\(\\)|preempt_count|Preemption disabled|other info that|stack backtrace|hardirqs last|irq event stamp|Mem abort|RAX: |EAX: |x\\d+ ?: |Code: |Stack:|Process .* \\(pid|lock: \\S+, \\.magic|page:[0-9a-f]|#PF: |PGD |---\\[ end|REGS: |MSR: |GPR00|csd: |INFO: (?:Slab|Object|Allocated|Freed)|Allocated by|Freed by|invoked rcu|\\S+:\\d+ (?:suspicious|invoked|RCU)|ESR = |backtrace|comm \\\"|hex dump)");

    /**
     * Seconds of the kernel's clock without a line of the report. The kernel waits 10 s for backtraces of other CPUs
     * (nmi_trigger_cpumask_backtrace, lib/nmi_backtrace.c).
     */
    private static final double LONGEST_PAUSE = 15;

    /** The rest of a dump of code. */
    private static final Pattern CODE = Pattern.compile("[<(]?[0-9a-f]{2,8}[>)]?(?: [<(]?[0-9a-f]{2,8}[>)]?)*\\s*");

    /** The head of a warning up to the file and line. */
    private static final Pattern PLACE = Pattern.compile("WARNING: .*\\bat \\S+:\\d+$");

    /** Marks before a line's words. */
    private static final Pattern LEADING = Pattern.compile("^\\W+");

    private static final Pattern FUNCTION =
            Pattern.compile("(?:\\[<[0-9a-f]+>\\] )?[A-Za-z_.$<][\\w.$<>:]*(?:\\+0x|$| \\[| \\()");

    private Rules.Match match;
    final List<Line> lines = new ArrayList<>();

    /** The 1-based number of the first line. */
    final long number;

    /** Whether the head begins the kernel's own text, as far as that can be told. */
    private final boolean begins;

    private int characters;

    /** The width of the last line as it was written, before others were joined to it. */
    private int width;

    private int foreign;
    private int ofLead;
    private boolean bodied;
    private int quiet;
    private boolean traced;
    private boolean ended;
    private boolean closed;
    private double lastTraceSeconds = Double.NaN;

    Report(Rules.Match match, Line first, long number, boolean begins) {
        this.match = match;
        this.number = number;
        this.begins = begins;
        add(first);
    }

    Rule rule() {
        return match.rule();
    }

    Matcher head() {
        return match.head();
    }

    /** Returns a named group of the head, if the rule has that group and it matched. */
    Optional<String> named(String group) {
        return rule().head().pattern().contains("(?<" + group + ">")
                ? Optional.ofNullable(head().group(group))
                : Optional.empty();
    }

    String caller() {
        return lines.get(0).caller();
    }

    /** Returns whether a line may be of the machine that the report is of. */
    boolean isOfSameOrigin(Line line) {
        return lines.get(0).lead().isOfSameOrigin(line.lead());
    }

    /**
     * Returns whether a text only speaks of such a report: nothing says that the kernel printed the head, and nothing of a report follows. A head in the
     * middle of a line needs a body even behind a stamp: programs write to the kernel's log too.
     */
    boolean isMention() {
        if (bodied) {
            return false;
        }
        Line head = lines.get(0);
        if (begins && (head.seconds().isPresent() || head.lead().isKernels())) {
            return false;
        }
        // neither a prefix that a mention taught nor a list of strings makes a head the kernel's
        boolean taught = head.lead().learnt() != Shape.NONE
                && !Assembler.MARK.matcher(head.lead().written()).matches();
        return !begins
                || taught
                || WarningRules.isAnyBug(rule())
                || rule().family() == Rule.Family.LOCKDEP && isProse(head.text());
    }

    /**
     * Returns whether this is only the announcement of the report that a head begins: a subject, or the reason that a tool writes before its copy of the
     * report.
     */
    boolean announces(Rules.Match next, Line line) {
        Line first = lines.get(0);
        return !traced
                && next.rule().equals(rule())
                && first.seconds().isEmpty()
                && !first.lead().isKernels()
                && (!bodied && (line.seconds().isPresent() || line.lead().isKernels())
                        || first.text()
                                .stripTrailing()
                                .endsWith(LEADING.matcher(line.text().strip()).replaceFirst("")));
    }

    /** Returns whether a sentence may be like this: the kernel's own head has a severity before it, and a name or a number in it. */
    private boolean isProse(String text) {
        return rule().blame() != Rule.Blame.NONE && !text.matches("\\W*(?:BUG|WARNING|INFO)\\b.*(?:\\d|!).*");
    }

    /** Returns whether a trace was seen. */
    boolean isTraced() {
        return traced;
    }

    boolean isClosed() {
        return closed;
    }

    void close() {
        closed = true;
    }

    /** Returns whether the report is complete enough to understand. */
    boolean isUnderstandable() {
        return traced || ended || rule().family() == Rule.Family.LINE;
    }

    /** Returns whether a line that could begin another report continues this one. */
    boolean isContinuedBy(Rule next) {
        if (next.family() == Rule.Family.PANIC) {
            return true;
        }
        if (ended) {
            return false;
        }
        return switch (rule().continuesWith()) {
            case NOTHING -> false;
            case FAULTS -> next.family() == Rule.Family.FAULT && !traced && lines.size() < MOST_FAULT_HEAD;
            case HARD_LOCKUPS -> next.continuesWith() == Rule.ContinuesWith.HARD_LOCKUPS && !traced;
            case POOLS ->
                next.continuesWith() == Rule.ContinuesWith.POOLS
                        && lines.stream().allMatch(line -> line.text().contains("BUG: workqueue lockup"));
            case LEAKS -> next.continuesWith() == Rule.ContinuesWith.LEAKS && lines.size() < MOST_LEAK_HEAD;
            case WARNINGS -> next.family() == Rule.Family.WARNING;
        };
    }

    /** Returns whether the next line is the message of a WARN(), which __warn() (kernel/panic.c) prints below the head: it may look like a head. */
    boolean awaitsMessage() {
        return rule().kind() == EvidenceKind.WARNING
                && rule().keyword().equals(WarningRules.WARNING_AT)
                && lines.stream().skip(1).allMatch(line -> line.text().startsWith("Hardware name: "));
    }

    /** Returns whether a line is too late to belong to this report. */
    boolean isPast(Line line) {
        return line.seconds().isPresent()
                && (line.seconds().getAsDouble() - lastTraceSeconds > LONGEST_PAUSE
                        // the clock of another boot
                        || lastTraceSeconds - line.seconds().getAsDouble() > LONGEST_PAUSE);
    }

    void add(Line line) {
        Shape learnt = lines.isEmpty() ? Shape.NONE : lines.get(0).lead().learnt();
        boolean foreignRecord = learnt == Shape.WRAPPING && line.lead().learnt() != learnt;
        if (!lines.isEmpty() && !foreignRecord && continuesLast(line)) {
            join(line);
            width = line.width();
            return;
        }
        if (learnt != Shape.NONE) {
            if (line.lead().learnt() == learnt) {
                ofLead++;
                foreign = 0;
            } else if (ofLead >= ENOUGH_OF_LEAD || learnt == Shape.WRAPPING) {
                foreign++;
                closed |= foreign > MOST_FOREIGN;
                return;
            }
        }
        bodied = bodied
                || !lines.isEmpty()
                        && lines.size() <= MOST_BEFORE_BODY
                        && BODY.matcher(line.text()).find();
        lines.add(line);
        width = line.width();
        characters += line.text().length() + 32;
        if (isOfTrace(line.text())) {
            quiet = 0;
            if (line.seconds().isPresent()) {
                lastTraceSeconds = line.seconds().getAsDouble();
            }
        } else if (!line.text().isBlank()) {
            quiet++;
        }
        if (line.text().contains("---[ end ")) {
            ended = true;
        }
        int limit = ended ? QUIET_ENDED : traced ? QUIET_AFTER : QUIET_BEFORE;
        if (quiet > limit || lines.size() >= MOST_LINES || characters >= MOST_CHARACTERS) {
            closed = true;
        }
        if (lines.size() > 1 && rule().family() == Rule.Family.LINE) {
            closed = true;
        }
    }

    /** Returns whether a mailer wrapped the last line, and this is the rest of it. */
    private boolean continuesLast(Line line) {
        String text = line.text();
        Line last = lines.get(lines.size() - 1);
        if (text.isBlank()
                || Character.isWhitespace(text.charAt(0))
                || !line.caller().isEmpty()) {
            return false;
        }
        String end = last.text().stripTrailing();
        // the kernel itself ends its lines here: print_preempt_last_disabled, print_unlock_imbalance_bug
        if (end.endsWith("isabled at:") || end.contains("is trying to release lock (")) {
            return false;
        }
        if (end.contains("Code: ")
                && CODE.matcher(text).matches()
                && line.seconds().isEmpty()) {
            return true;
        }
        boolean torn = end.endsWith(" at:")
                || end.contains("irqs last ") && !end.contains("+0x")
                || lines.size() == 1 && PLACE.matcher(end).find()
                || end.endsWith(">]")
                || lines.size() == 1 && (end.endsWith(" in") || end.endsWith(" at"));
        if (last.isBare() || !line.isBare()) {
            return lines.size() == 1 && line.isBare() && width >= SHORTEST_WRAPPED && namesMore(end + " " + text)
                    || torn
                            && line.lead().learnt() == last.lead().learnt()
                            && line.seconds().isEmpty()
                            && FUNCTION.matcher(text).lookingAt();
        }
        if (torn && FUNCTION.matcher(text).lookingAt()) {
            return true;
        }
        int space = text.indexOf(' ');
        int word = space < 0 ? text.length() : space;
        return width >= SHORTEST_WRAPPED
                && width <= LONGEST_WRAPPED
                && width + 1 + word > WRAPPING
                && text.length() <= LONGEST_WRAPPED
                && !BODY.matcher(text).find();
    }

    /** Returns whether a head tells more if it goes on with another line. */
    private boolean namesMore(String joined) {
        if (!rule().head().pattern().contains("(?<f>") || named("f").isPresent()) {
            return false;
        }
        Matcher whole = rule().head().matcher(joined);
        return whole.find() && whole.group("f") != null;
    }

    private void join(Line rest) {
        int at = lines.size() - 1;
        Line whole = lines.get(at).with(lines.get(at).text().stripTrailing() + " " + rest.text());
        lines.set(at, whole);
        characters += rest.text().length();
        if (at == 0) {
            match = Rules.match(whole)
                    .filter(again -> again.rule().kind() == rule().kind() || rule().kind() == EvidenceKind.OTHER)
                    .orElse(match);
        } else {
            bodied = bodied
                    || at < MOST_BEFORE_BODY && BODY.matcher(whole.text()).find();
        }
    }

    private boolean isOfTrace(String text) {
        boolean frame = FrameReader.mayBe(text);
        traced = traced
                || (frame
                        && lines.size() > 1
                        && FrameReader.pointer(text.strip()).isEmpty());
        return lines.size() == 1
                || frame
                || text.contains("Call Trace")
                || text.contains("NMI backtrace")
                || text.contains("[inline]");
    }
}
