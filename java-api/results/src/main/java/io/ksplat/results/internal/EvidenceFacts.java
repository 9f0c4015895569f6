// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What is known of evidence beside its title, as one line for people. */
final class EvidenceFacts {
    private EvidenceFacts() {}

    /** Returns the line; empty if nothing is known. */
    static String of(Evidence found) {
        List<String> facts = new ArrayList<>();
        found.cpu().ifPresent(cpu -> facts.add("CPU " + cpu));
        found.task().ifPresent(task -> facts.add("task " + named(task)));
        found.seconds().ifPresent(seconds -> facts.add("for " + number(seconds) + " s"));
        if (found.count() > 1) {
            facts.add(found.count() + " times");
        }
        found.preemptCount().ifPresent(count -> facts.add("preempt count 0x" + Integer.toHexString(count)));
        if (!found.inFlight().isEmpty()) {
            facts.add("in flight: " + String.join(" ", found.inFlight()));
        }
        if (!found.blocked().isEmpty()) {
            facts.add("blocks "
                    + found.blocked().stream().map(EvidenceFacts::named).collect(Collectors.joining(" ")));
        }
        for (LockRef lock : found.locks()) {
            lock.wantedAt().ifPresent(at -> facts.add("wants " + lock.name() + " in " + at));
            lock.heldAt().ifPresent(at -> facts.add("holds " + lock.name() + ", taken in " + at));
        }
        if (found.details() instanceof Details.Hang hang && hang.blocker().isPresent()) {
            Details.Blocker blocker = hang.blocker().get();
            facts.add("sleeps for a " + blocker.on()
                    + blocker.owner()
                            .map(owner -> ", likely owned by " + named(owner))
                            .orElse(", whose owner the kernel did not find"));
        }
        found.line().ifPresent(line -> facts.add("line " + line));
        found.wallTime().ifPresent(time -> facts.add("at " + time));
        found.role()
                .ifPresent(
                        role -> facts.add(role.id() + " in " + found.incident().orElse("an incident")));
        return String.join(", ", facts);
    }

    private static String named(Task task) {
        return task.comm() + "/" + task.pid();
    }

    private static String number(double seconds) {
        return seconds == Math.rint(seconds)
                ? String.valueOf((long) seconds)
                : String.format(Locale.ROOT, "%.3f", seconds);
    }
}
