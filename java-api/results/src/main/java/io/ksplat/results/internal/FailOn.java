// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.EvidenceKind;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/** Which reports of a log make {@code parse} fail: those of some kinds that nobody knows yet. */
public final class FailOn {
    private final Set<EvidenceKind> kinds;
    private final KnownReports known;

    /**
     * @param ids kinds as results.json names them; empty for all
     * @throws IllegalArgumentException if there is no such kind
     */
    public FailOn(Set<String> ids, KnownReports known) {
        kinds = ids.isEmpty() ? EnumSet.allOf(EvidenceKind.class) : EnumSet.noneOf(EvidenceKind.class);
        ids.forEach(id -> kinds.add(kind(id)));
        this.known = known;
    }

    /** Returns whether one of the reports is to make it fail today. */
    public boolean isIn(LogParser.Found found) {
        return found.evidence().stream()
                .anyMatch(each ->
                        kinds.contains(each.kind()) && known.reason(each).isEmpty());
    }

    private static EvidenceKind kind(String id) {
        return Arrays.stream(EvidenceKind.values())
                .filter(each -> each.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no kind " + id + "; there are "
                        + Arrays.stream(EvidenceKind.values())
                                .map(EvidenceKind::id)
                                .collect(Collectors.joining(", "))));
    }
}
