// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.time.LocalDate;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Tells which runs are news: not as expected, and neither known nor in an earlier report. ERROR is always news, and so is INCONCLUSIVE without evidence:
 * they tell nothing of the kernel that an earlier report could excuse.
 */
public final class News {
    private final KnownReports known;
    private final LocalDate today;
    private final Set<Sighting> sightings = new HashSet<>();
    private final Set<Answer> answers = new HashSet<>();

    private record Answer(String reproducer, String kernel, Verdict verdict) {
        static Answer of(RunRecord run) {
            return new Answer(run.reproducer(), run.kernel().spec(), run.verdict());
        }
    }

    /** Of whatever reproducer, because a bug is one bug; but another kernel may be without it, and lose its cure. */
    private record Sighting(String signature, String kernel) {
        static Sighting of(RunRecord run, Evidence found) {
            return new Sighting(found.signature(), run.kernel().spec());
        }
    }

    /**
     * Compares with what was before.
     *
     * @param before the runs of an earlier report
     * @param known the reports that somebody wrote down
     */
    public News(List<RunRecord> before, KnownReports known, LocalDate today) {
        this.known = known;
        this.today = today;
        for (RunRecord run : before) {
            run.evidence().forEach(found -> sightings.add(Sighting.of(run, found)));
            answers.add(Answer.of(run));
        }
    }

    /** Returns whether a run is news. */
    public boolean isIn(RunRecord run) {
        return Judged.isUnexpected(run) && reason(run).isEmpty();
    }

    /** Returns why a run that is not as expected is no news; empty if it is. */
    public Optional<String> reason(RunRecord run) {
        if (run.isError()) {
            return Optional.empty();
        }
        List<Evidence> causes = causes(run);
        if (causes.isEmpty()) {
            return run.verdict() != Verdict.INCONCLUSIVE && answers.contains(Answer.of(run))
                    ? Optional.of("the earlier report has the same verdict")
                    : Optional.empty();
        }
        String reason = "";
        for (Evidence found : causes) {
            Optional<String> why = reason(run, found);
            if (why.isEmpty()) {
                return Optional.empty();
            }
            reason = why.get();
        }
        return Optional.of(reason);
    }

    /** Returns a line for each run that is not as expected: what is new of it, or why it is not new. */
    public String text(List<RunRecord> runs) {
        return runs.stream().filter(Judged::isUnexpected).map(this::line).collect(Collectors.joining());
    }

    private String line(RunRecord run) {
        Optional<String> reason = reason(run);
        return (reason.isPresent() ? "not new: " : "new: ") + run.reproducer() + " on "
                + run.kernel().shortName() + ", attempt " + run.attempt() + ": " + reason.orElseGet(() -> what(run))
                + "\n";
    }

    private String what(RunRecord run) {
        return causes(run).stream()
                .filter(found ->
                        reason(run, found).isEmpty() && !found.signature().isEmpty())
                .map(Evidence::signature)
                .distinct()
                .reduce((one, other) -> one + ", " + other)
                .orElseGet(() -> TestStatus.summary(run));
    }

    private Optional<String> reason(RunRecord run, Evidence found) {
        if (found.signature().isEmpty()) {
            return Optional.empty();
        }
        return known.reason(found, run.kernel().release(), today)
                .map(why -> "known: " + why)
                .or(() -> sightings.contains(Sighting.of(run, found))
                        ? Optional.of("the earlier report has the same signature")
                        : Optional.empty());
    }

    /** A victim follows from its cause. */
    private static List<Evidence> causes(RunRecord run) {
        List<Evidence> causes = run.evidence().stream()
                .filter(found -> !found.role().equals(Optional.of(Evidence.Role.VICTIM)))
                .toList();
        return causes.isEmpty() ? run.evidence() : causes;
    }
}
