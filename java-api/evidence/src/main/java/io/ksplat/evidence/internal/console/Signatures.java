// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Details;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.HeldLock;
import io.ksplat.evidence.LockRef;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Computes signatures. Two reports of the same bug have the same signature: it contains no addresses, CPUs, PIDs or offsets and does not depend on builds or
 * timing. It leaves out the function that first put a lock into a state, because any of its users may be first.
 */
final class Signatures {
    private Signatures() {}

    static String of(EvidenceKind kind, Titles.Title title, Details details, List<Trace> traces) {
        if (details instanceof Details.Locks locks) {
            String cycle = cycle(kind, locks, traces);
            if (!cycle.isEmpty()) {
                return kind.id() + ": " + cycle;
            }
        }
        String freed = freed(traces);
        return kind.id() + ": " + title.text() + (freed.isEmpty() ? "" : "; " + freed);
    }

    /** Either CPU may report the same circle, so the order of the links does not matter. */
    private static String cycle(EvidenceKind kind, Details.Locks locks, List<Trace> traces) {
        if (kind == EvidenceKind.LOCKDEP_CIRCULAR && locks.chain().size() > 1) {
            return locks.chain().stream()
                    .map(link ->
                            name(link.lock().lock()) + " by " + link.lock().at().orElse("?"))
                    .collect(Collectors.toCollection(TreeSet::new))
                    .stream()
                    .collect(Collectors.joining(", "));
        }
        String takes = locks.wanted().stream().map(Signatures::takes).collect(Collectors.joining(", "));
        if (takes.isEmpty()) {
            return "";
        }
        String states = locks.usage()
                .map(usage -> " {" + usage.before() + "} -> {" + usage.now() + "}")
                .orElse("");
        String by = locks.wanted().get(0).at().isPresent()
                ? ""
                : BlameFinder.stack(traces)
                        .map(name -> " by " + Names.readable(name))
                        .orElse("");
        if (kind == EvidenceKind.LOCKDEP_INVERSION) {
            return takes
                    + by
                    + Cycles.interrupting(locks).map(lock -> " against " + lock).orElse("");
        }
        return takes + by + states;
    }

    private static String takes(HeldLock lock) {
        return name(lock.lock()) + lock.at().map(at -> " by " + at).orElse("");
    }

    private static String name(LockRef lock) {
        return lock.lockClass().orElse(lock.name());
    }

    /** Two uses after free are different bugs if different functions freed the object. */
    private static String freed(List<Trace> traces) {
        return traces.stream()
                .filter(trace -> "freed".equals(trace.label()))
                .map(BlameFinder::first)
                .flatMap(Optional::stream)
                .map(function -> "freed by " + Names.readable(function))
                .findFirst()
                .orElse("");
    }
}
