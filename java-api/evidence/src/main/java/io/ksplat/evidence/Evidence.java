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
 * @param title one line, as a kernel developer would write it in a subject
 * @param signature equal for two findings of the same bug, whatever the addresses, CPUs, PIDs, offsets, builds and timing
 * @param function the function to look at first
 * @param type what happened in the words of syzkaller's corpus: LOCKDEP, HANG, KASAN-READ and so on; UNKNOWN if it has no word
 * @param cpu the CPU that it happened on; of a stall, the first that is stuck
 * @param task the task that it happened to, or that ran at the time
 * @param seconds how long the CPU or the task has been stuck
 * @param line the 1-based first line in the text that was parsed
 * @param count how often the same incident was reported
 * @param incident the name of the incident that the evidence belongs to
 * @param role what the evidence is in its incident
 * @param locks the locks that it names, the wanted one first
 * @param cycle who waits for whom; empty if the evidence does not tell
 * @param stacks the one that matters most first
 * @param guestSeconds the time stamp that the kernel printed
 * @param wallTime the time of day that stood before the line, as it was written
 * @param preemptCount the preempt_count that the kernel printed
 * @param inFlight the functions of the work items that were running
 * @param blocked the tasks that wait because of it
 * @param details what only this kind of report tells
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

    /** What a piece of evidence is in its incident; {@link #id()} is the spelling of {@code results.json}. */
    public enum Role {
        CAUSE("cause"),
        /** Suffers from the cause and would not be there without it. */
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

    /** Evidence with what {@code details} tell; nothing else about it is known. */
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

    /** Evidence without details. */
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

    /** Begins evidence of which only this is known: seen from outside, of its kind's usual type. */
    public static EvidenceBuilder builder(EvidenceKind kind, String title, String signature) {
        return new EvidenceBuilder(kind, title, signature);
    }

    /** Begins evidence that differs from this. */
    public EvidenceBuilder toBuilder() {
        return new EvidenceBuilder(this);
    }

    /** Returns the same evidence as another source tells it; the line, which was one of the parsed text, is dropped. */
    public Evidence from(Source other) {
        return toBuilder().source(other).line(OptionalLong.empty()).build();
    }

    /** Returns the same evidence with other stacks. */
    public Evidence with(List<Stack> others) {
        return toBuilder().stacks(others).build();
    }

    /** Returns the same evidence with the function to look at first. */
    public Evidence withFunction(String name) {
        return toBuilder().function(name).build();
    }

    /** Returns the same evidence with another type. */
    public Evidence withType(String name) {
        return toBuilder().type(name).build();
    }

    /** Returns whether {@code other} tells of the same bug, and why. */
    public Comparison sameBugAs(Evidence other) {
        return Comparison.of(this, other);
    }
}
