// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Details;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.HeldLock;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the structure of lockdep's reports (kernel/locking/lockdep.c). */
final class LockReader {
    /** print_lock() and print_lock_name(): {@code addr (name){usage}-{outer:inner}, at: function}. */
    private static final Pattern LOCK = Pattern.compile(
            "^(?:#\\d+: +)?(?:([0-9a-f]{8,16}|\\(_*ptrval_*\\)) +)?\\((.+?)\\) ?\\{([^}]*)\\}(?:-\\{(\\d+:\\d+)\\})?(?:[ ,]+(?:ops: \\d+.*|at: (?:\\[<[0-9a-f]+>\\] )?([^\\s+]+).*)?)?$");

    /** print_circular_bug_entry(): {@code -> #1 (name){usage}-{outer:inner}:}. */
    private static final Pattern LINK = Pattern.compile("^-> #(\\d+) +(\\(.+)$");

    private static final Pattern TASK = Pattern.compile(
            "^(?:\\d+\\) )?(.{1,64})/(\\d+)(?: \\[.*\\])? (?:is trying to|takes:|is freeing memory|is leaving the kernel|just changed the state)");
    private static final Pattern RELEASED = Pattern.compile("is trying to release lock \\((.*)\\) at:");
    private static final Pattern USAGE = Pattern.compile("inconsistent \\{([^}]+)\\} -> \\{([^}]+)\\} usage");
    private static final Pattern STEP = Pattern.compile(
            "lock\\(.*?\\);|local_irq_disable\\(\\);|<Interrupt>|r?lock\\(.*?\\)|rlock\\(.*?\\);|sync\\(.*?\\);");

    /** Where the second column of a scenario begins (print_circular_lock_scenario): after 32 characters. */
    private static final int SECOND_COLUMN = 24;

    /** The maximum length of a line about a lock, in characters. */
    private static final int LONGEST = 512;

    private enum Part {
        HEAD,
        WANTED,
        HOLDING,
        LISTED,
        CHAIN,
        SCENARIO,
        /** The other lock of an inversion, on the next line. */
        OTHER,
        REST
    }

    private Optional<Task> task = Optional.empty();
    private final List<HeldLock> wanted = new ArrayList<>();
    private final List<HeldLock> holding = new ArrayList<>();
    private final List<HeldLock> listed = new ArrayList<>();
    private final List<HeldLock> links = new ArrayList<>();
    private Optional<Details.Usage> usage = Optional.empty();
    private final List<Details.Step> scenario = new ArrayList<>();
    private Part part = Part.HEAD;

    private LockReader() {}

    static Details.Locks read(List<Line> lines, List<Trace> traces) {
        LockReader reader = new LockReader();
        lines.forEach(line -> reader.line(line.text()));
        List<Details.Dependency> chain = new ArrayList<>();
        List<Trace> taken =
                traces.stream().filter(trace -> "chain".equals(trace.label())).toList();
        for (int i = 0; i < reader.links.size(); i++) {
            List<Frame> frames = i < taken.size()
                    ? taken.get(i).entries().stream().map(Trace.Entry::frame).toList()
                    : List.of();
            chain.add(new Details.Dependency(taken(reader.links.get(i), frames), frames));
        }
        Optional<String> registered = traces.stream()
                .filter(trace -> "registered".equals(trace.label()) || "became safe".equals(trace.label()))
                .map(BlameFinder::first)
                .flatMap(Optional::stream)
                .map(Names::readable)
                .findFirst();
        return new Details.Locks(
                reader.task,
                reader.wanted,
                reader.listed.isEmpty() ? reader.holding : reader.listed,
                chain,
                reader.usage,
                registered,
                reader.scenario);
    }

    /** The report does not say which function took a lock of the chain; its trace does. */
    private static HeldLock taken(HeldLock link, List<Frame> frames) {
        Optional<String> at = frames.stream()
                .map(frame -> Names.readable(frame.function()))
                .filter(function -> !HelperFunctions.is(function))
                .findFirst();
        return at.isEmpty() ? link : new HeldLock(link.lock(), link.usage(), link.waitType(), at);
    }

    private void line(String text) {
        String trimmed = text.strip();
        Matcher who = TASK.matcher(trimmed);
        if (task.isEmpty() && who.find()) {
            task = Optional.of(new Task(who.group(1), number(who.group(2))));
        }
        Matcher released = RELEASED.matcher(trimmed);
        if (released.find() && wanted.isEmpty()) {
            wanted.add(new HeldLock(lock(released.group(1), null), "", Optional.empty(), Optional.empty()));
        }
        Matcher states = USAGE.matcher(trimmed);
        if (states.find()) {
            usage = Optional.of(new Details.Usage(states.group(1), states.group(2)));
        }
        Matcher link = LINK.matcher(trimmed);
        if (link.find()) {
            part = Part.CHAIN;
            held(link.group(2).replaceFirst(":$", "")).ifPresent(links::add);
            return;
        }
        part = part(trimmed);
        if (part == Part.SCENARIO) {
            step(text);
        } else {
            held(trimmed).ifPresent(this::put);
        }
    }

    private Part part(String trimmed) {
        if (trimmed.contains("is trying to acquire")
                || trimmed.endsWith("takes:")
                || trimmed.contains("is trying to lock:")
                || trimmed.contains("is freeing memory")
                || trimmed.contains("just changed the state of lock")) {
            return Part.WANTED;
        }
        if (trimmed.contains("already holding") || trimmed.contains("this task is not holding")) {
            return Part.HOLDING;
        }
        if (trimmed.contains("locks held by ")
                || trimmed.contains("lock held by ")
                || trimmed.contains("is leaving the kernel with locks")) {
            return Part.LISTED;
        }
        if (trimmed.contains("locking scenario:")) {
            return Part.SCENARIO;
        }
        if (trimmed.startsWith("stack backtrace")
                || trimmed.contains("existing dependency chain")
                || trimmed.contains("which would create a new")
                || trimmed.contains("*** DEADLOCK ***")
                || trimmed.contains("state was registered at")
                || trimmed.contains("the dependencies between")
                || trimmed.contains("the shortest dependencies")
                || trimmed.contains("Showing all locks held")) {
            return Part.REST;
        }
        if (trimmed.startsWith("but this lock ")) {
            return Part.OTHER;
        }
        return part;
    }

    private void put(HeldLock lock) {
        switch (part) {
            case WANTED -> {
                if (wanted.isEmpty()) {
                    wanted.add(lock);
                }
            }
            case HOLDING -> holding.add(lock);
            case OTHER -> {
                links.add(lock);
                part = Part.REST;
            }
            case LISTED -> listed.add(lock);
            case HEAD, CHAIN, SCENARIO, REST -> {
                // locks of earlier events: the traces have them
            }
        }
    }

    private void step(String text) {
        Matcher step = STEP.matcher(text);
        while (step.find()) {
            scenario.add(new Details.Step(
                    step.start() >= SECOND_COLUMN ? 1 : 0, step.group().replaceFirst(";$", "")));
        }
    }

    private static Optional<HeldLock> held(String trimmed) {
        if (trimmed.length() > LONGEST || trimmed.indexOf('{') < 0) {
            return Optional.empty();
        }
        Matcher lock = LOCK.matcher(trimmed);
        return lock.matches()
                ? Optional.of(new HeldLock(
                        lock(lock.group(2), lock.group(1)),
                        lock.group(3),
                        Optional.ofNullable(lock.group(4)),
                        Optional.ofNullable(lock.group(5)).map(Names::readable)))
                : Optional.empty();
    }

    /** Drops the number that distinguishes classes of the same name ({@code #2}): it differs between boots. */
    private static LockRef lock(String name, @Nullable String address) {
        String plain = name.replaceFirst("#\\d+(?=$|/)", "");
        Optional<String> where = Optional.ofNullable(address).filter(text -> !text.startsWith("("));
        return new LockRef(name, where, Optional.of(plain));
    }

    static int number(String digits) {
        return digits.length() > 9 ? -1 : Integer.parseInt(digits);
    }
}
