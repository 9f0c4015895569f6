// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * One typed finding. A field whose value is not known is empty.
 *
 * <pre>{@code
 * Evidence before = ConsoleParser.parse(Files.readAllBytes(Path.of("base.log"))).get(0);
 * Evidence after = ConsoleParser.parse(Files.readAllBytes(Path.of("patched.log"))).get(0);
 * Comparison comparison = before.sameBugAs(after);
 * System.out.println(comparison.same() + " " + comparison.reasons());
 * }</pre>
 *
 * @param title one line, as in the subject of a kernel mail
 * @param signature equal for two findings of the same bug; free of addresses, CPUs, PIDs, offsets and times
 * @param function the function to look at first
 * @param type the type in syzkaller's corpus: LOCKDEP, HANG, KASAN-READ and so on; UNKNOWN if the corpus has none
 * @param cpu the CPU that it happened on; for a stall, the first stuck CPU
 * @param task the task that it happened to, or that ran then
 * @param seconds how long the CPU or the task has been stuck
 * @param line the 1-based number of the first line in the parsed text
 * @param count how many times the incident was reported
 * @param incident the name of the incident that the evidence belongs to
 * @param role cause or victim in the incident
 * @param locks the locks that the report names, the wanted one first
 * @param cycle the nodes that wait for each other; empty if not known
 * @param stacks the most important one first
 * @param guestSeconds the time stamp that the kernel printed
 * @param wallTime the wall-clock time before the first line, as written
 * @param preemptCount the preempt_count that the kernel printed
 * @param inFlight the functions of the work items in flight
 * @param blocked the tasks that are blocked by it
 * @param details facts that only this kind of report has
 */
public record Evidence(
        EvidenceKind kind,
        String title,
        String signature,
        Optional<String> function,
        String type,
        OptionalInt cpu,
        Optional<Task> task,
        OptionalDouble seconds,
        OptionalLong line,
        int count,
        Optional<String> incident,
        Optional<Role> role,
        List<LockRef> locks,
        List<CycleNode> cycle,
        List<Stack> stacks,
        Source source,
        OptionalDouble guestSeconds,
        Optional<String> wallTime,
        OptionalInt preemptCount,
        List<String> inFlight,
        List<Task> blocked,
        Details details) {

    /** The part of a piece of evidence in its incident. {@link #id()} is the name in {@code results.json}. */
    public enum Role {
        CAUSE("cause"),
        /** Follows from the cause. */
        VICTIM("victim");

        private final String id;

        Role(String id) {
            this.id = id;
        }

        public String id() {
            return id;
        }
    }

    public Evidence {
        locks = List.copyOf(locks);
        cycle = List.copyOf(cycle);
        stacks = List.copyOf(stacks);
        inFlight = List.copyOf(inFlight);
        blocked = List.copyOf(blocked);
    }

    /** Creates evidence and takes further fields from {@code details}. */
    public Evidence(
            EvidenceKind kind,
            String title,
            String signature,
            List<LockRef> locks,
            List<CycleNode> cycle,
            List<Stack> stacks,
            Source source,
            OptionalDouble guestSeconds,
            Details details) {
        this(builder(kind, title, signature)
                .locks(locks)
                .cycle(cycle)
                .stacks(stacks)
                .source(source)
                .guestSeconds(guestSeconds)
                .details(details)
                .completed());
    }

    /** Creates evidence without details. */
    public Evidence(
            EvidenceKind kind,
            String title,
            String signature,
            List<LockRef> locks,
            List<CycleNode> cycle,
            List<Stack> stacks,
            Source source,
            OptionalDouble guestSeconds) {
        this(kind, title, signature, locks, cycle, stacks, source, guestSeconds, new Details.None());
    }

    Evidence(EvidenceBuilder given) {
        this(
                given.kind,
                given.title,
                given.signature,
                given.function,
                given.type,
                given.cpu,
                given.task,
                given.seconds,
                given.line,
                given.count,
                given.incident,
                given.role,
                given.locks,
                given.cycle,
                given.stacks,
                given.source,
                given.guestSeconds,
                given.wallTime,
                given.preemptCount,
                given.inFlight,
                given.blocked,
                given.details);
    }

    /** Returns a builder for evidence that was seen from outside and has the default type of its kind. */
    public static EvidenceBuilder builder(EvidenceKind kind, String title, String signature) {
        return new EvidenceBuilder(kind, title, signature);
    }

    /** Returns a builder that starts with the fields of this evidence. */
    public EvidenceBuilder toBuilder() {
        return new EvidenceBuilder(this);
    }

    /** Returns this evidence with another source and without a line: the line number was that of the parsed text. */
    public Evidence from(Source other) {
        return toBuilder().source(other).line(OptionalLong.empty()).build();
    }

    /** Returns this evidence with other stacks. */
    public Evidence with(List<Stack> others) {
        return toBuilder().stacks(others).build();
    }

    /** Returns this evidence with another function to look at first. */
    public Evidence withFunction(String name) {
        return toBuilder().function(name).build();
    }

    /** Returns this evidence with another type. */
    public Evidence withType(String name) {
        return toBuilder().type(name).build();
    }

    /** Compares this evidence with {@code other}: do they show the same bug, and why. */
    public Comparison sameBugAs(Evidence other) {
        return Comparison.of(this, other);
    }
}
