// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.campaign.internal.hunt.HuntResult.Answer;
import io.ksplat.campaign.internal.hunt.HuntResult.Finding;
import io.ksplat.campaign.internal.hunt.HuntResult.Tried;
import io.ksplat.campaign.internal.sweep.SweepMap;
import io.ksplat.campaign.internal.sweep.SweepPoint;
import io.ksplat.evidence.Verdict;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The measured points of one operation, and what they mean.
 *
 * @param length of its path
 * @param whole whether the path ends where the operation does
 * @param counters what the program had counted at each point
 */
record Judged(Operation operation, int length, boolean whole, SweepMap map, Map<Integer, Map<String, Long>> counters) {
    /** Counters of each operation's program. */
    static final String SUCCEEDED = "nmi_succeeded";

    static final String ERROR = "nmi_error";

    private static final Pattern ADDRESS = Pattern.compile(".*[0-9a-f]{8,}.*");

    /** Shows windows again, on machines of their own. */
    @FunctionalInterface
    interface Again {
        List<Finding> show(List<SweepMap.Stretch> windows, Verdict deadly) throws IOException, InterruptedException;
    }

    /** Returns the answer; what is deadly must show again. */
    Tried answer(Again again) throws IOException, InterruptedException {
        for (Verdict deadly : List.of(Verdict.DEADLOCK, Verdict.CRASH)) {
            List<SweepMap.Stretch> windows = map.stretches().stream()
                    .filter(stretch -> stretch.verdict() == deadly)
                    .toList();
            if (!windows.isEmpty()) {
                List<Finding> findings = again.show(windows, deadly);
                return findings.stream().anyMatch(Finding::confirmed)
                        ? tried(Answer.valueOf(deadly.name()), findings, Optional.empty())
                        : tried(
                                Answer.INCONCLUSIVE,
                                findings,
                                Optional.of(deadly + " at some points, but the written reproducer did not show it"));
            }
        }
        Optional<String> doubt = doubt();
        if (doubt.isPresent()) {
            return tried(Answer.INCONCLUSIVE, List.of(), doubt);
        }
        return succeeded() == 0
                ? tried(
                        Answer.REFUSED,
                        List.of(),
                        Optional.of("it only failed in the NMI, the last time with error "
                                + count(map.measured().get(0), ERROR)))
                : tried(Answer.SAFE, List.of(), Optional.empty());
    }

    private Optional<String> doubt() {
        return map.measured().stream()
                .filter(point ->
                        point.verdict() != Verdict.CLEAN || !point.console().isEmpty())
                .findFirst()
                .map(point -> point.where() + ": "
                        + point.message()
                                .orElseGet(() -> point.console().stream()
                                        .findFirst()
                                        .orElse(point.verdict().name())))
                .or(() -> whole
                        ? Optional.empty()
                        : Optional.of("the operation is longer than " + length + " instructions"));
    }

    private int succeeded() {
        return (int) map.measured().stream()
                .filter(point -> count(point, SUCCEEDED) > 0)
                .count();
    }

    private long count(SweepPoint point, String counter) {
        return counters.getOrDefault(point.n(), Map.of()).getOrDefault(counter, 0L);
    }

    private Tried tried(Answer answer, List<Finding> findings, Optional<String> message) {
        List<SweepPoint> points = map.measured();
        return new Tried(
                operation.name(),
                HuntMode.NMI,
                answer,
                length,
                points.size(),
                succeeded(),
                points.stream()
                        .flatMap(point -> point.holds().stream())
                        .filter(name -> !ADDRESS.matcher(name).matches())
                        .distinct()
                        .sorted()
                        .toList(),
                findings,
                message,
                points.stream().anyMatch(point -> point.verdict() == Verdict.ERROR));
    }
}
