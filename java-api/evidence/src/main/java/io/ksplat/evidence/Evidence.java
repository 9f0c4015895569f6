// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import io.ksplat.evidence.internal.console.SyzkallerTypes;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One typed finding.
 *
 * <pre>{@code
 * Evidence before = ConsoleParser.parse(Files.readAllBytes(Path.of("base.log"))).get(0);
 * Evidence after = ConsoleParser.parse(Files.readAllBytes(Path.of("patched.log"))).get(0);
 * Comparison comparison = before.sameBugAs(after);
 * System.out.println(comparison.same() + " " + comparison.reasons());
 * }</pre>
 *
 * @param title one line, as a kernel developer would write it in a subject
 * @param signature what makes two findings the same bug: equal over addresses, CPUs, PIDs, offsets, builds and timing
 * @param locks the locks that it names, the one wanted first
 * @param cycle who waits for whom, empty where the evidence does not tell
 * @param stacks the one that matters most first
 * @param guestSeconds the kernel's own time stamp, where it printed one
 * @param details what this kind of report tells beyond that
 */
public record Evidence(
        EvidenceKind kind,
        String title,
        String signature,
        List<LockRef> locks,
        List<CycleNode> cycle,
        List<Stack> stacks,
        Source source,
        OptionalDouble guestSeconds,
        Details details) {
    private static final Pattern NAMED = Pattern.compile(" in ([A-Za-z_<$][^ ]*)(?: / [^ ]+)?$");

    public Evidence {
        locks = List.copyOf(locks);
        cycle = List.copyOf(cycle);
        stacks = List.copyOf(stacks);
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

    /** The same, seen elsewhere. */
    public Evidence from(Source other) {
        return new Evidence(kind, title, signature, locks, cycle, stacks, other, guestSeconds, details);
    }

    /** The same with other stacks. */
    public Evidence with(List<Stack> others) {
        return new Evidence(kind, title, signature, locks, cycle, others, source, guestSeconds, details);
    }

    /** Whether {@code other} tells of the same bug, and why. */
    public Comparison sameBugAs(Evidence other) {
        return Comparison.of(this, other);
    }

    /** What happened, as the public corpus of kernel consoles types it: LOCKDEP, HANG, KASAN-READ and so on; UNKNOWN where it has no word. */
    public String type() {
        return SyzkallerTypes.of(this);
    }

    /** The function that the title names. */
    public Optional<String> function() {
        Matcher named = NAMED.matcher(title);
        return named.find() ? Optional.of(named.group(1)) : Optional.empty();
    }
}
