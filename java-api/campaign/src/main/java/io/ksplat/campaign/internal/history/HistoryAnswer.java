// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.history;

import io.ksplat.campaign.internal.statistics.Rate;
import io.ksplat.evidence.Verdict;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * What a history has of a name.
 *
 * @param rows one for each reproducer on each kernel and target
 * @param signatures what was seen, the last one first
 * @param days how often by the day in UTC: the signature, or a verdict that was not expected
 */
public record HistoryAnswer(
        String name, Subject subject, List<Row> rows, List<Seen> signatures, SortedMap<LocalDate, Rate> days) {
    public HistoryAnswer {
        rows = List.copyOf(rows);
        signatures = List.copyOf(signatures);
    }

    /** What the name is of. */
    public enum Subject {
        SIGNATURE("signature"),
        REPRODUCER("reproducer"),
        KERNEL("kernel"),
        /** All that the history has. */
        ALL("all");

        private final String id;

        Subject(String id) {
            this.id = id;
        }

        /** Returns the name in the JSON. */
        public String id() {
            return id;
        }
    }

    /** When something was seen for the first and the last time; empty if no report said when. */
    public record Span(Optional<Instant> first, Optional<Instant> last) {
        static Span of(List<PastRun> runs) {
            List<Instant> dates =
                    runs.stream().flatMap(run -> run.begun().stream()).sorted().toList();
            return dates.isEmpty()
                    ? new Span(Optional.empty(), Optional.empty())
                    : new Span(Optional.of(dates.get(0)), Optional.of(dates.get(dates.size() - 1)));
        }
    }

    /**
     * A reproducer on a kernel and target.
     *
     * @param rate how many runs showed the signature, of those that could tell; or how many were not as expected, of all
     * @param seen when those were
     * @param medianMs how long a run took; empty if all of them failed
     */
    public record Row(
            String reproducer,
            String kernelKey,
            String release,
            String target,
            Map<Verdict, Integer> verdicts,
            Rate rate,
            Span seen,
            Optional<Long> medianMs) {
        /** Returns whether runs of the same reproducer on the same kernel came to different decisions. */
        public boolean isFlaky() {
            return verdicts.keySet().stream().filter(HistoryAnswer::decides).count() > 1;
        }
    }

    /** A signature, and when each kernel showed it. */
    public record Seen(String signature, String kind, String title, Span span, Map<String, Span> kernels) {}

    static HistoryAnswer of(
            String name, Subject subject, List<PastRun> runs, List<Sighting> sightings, Predicate<PastRun> hit) {
        Map<List<String>, List<PastRun>> groups = new LinkedHashMap<>();
        SortedMap<LocalDate, Rate> days = new TreeMap<>();
        for (PastRun run : runs) {
            groups.computeIfAbsent(
                            List.of(run.reproducer(), run.kernelKey(), run.release(), run.target()),
                            k -> new ArrayList<>())
                    .add(run);
            if (counts(subject, run, hit)) {
                run.begun()
                        .map(at -> LocalDate.ofInstant(at, ZoneOffset.UTC))
                        .ifPresent(
                                day -> days.merge(day, Rate.NONE.and(hit.test(run)), (a, b) -> a.and(hit.test(run))));
            }
        }
        List<Row> rows = new ArrayList<>();
        groups.values().forEach(group -> rows.add(row(subject, group, hit)));
        return new HistoryAnswer(name, subject, rows, seen(runs, sightings), days);
    }

    /** A run that decided nothing does not tell that a signature was not there. */
    private static boolean counts(Subject subject, PastRun run, Predicate<PastRun> hit) {
        return subject != Subject.SIGNATURE || decides(run.verdict()) || hit.test(run);
    }

    private static boolean decides(Verdict verdict) {
        return switch (verdict) {
            case DEADLOCK, RECOVERED, CRASH, CLEAN -> true;
            case REJECTED, UNSUPPORTED, INCONCLUSIVE, ERROR -> false;
        };
    }

    private static Row row(Subject subject, List<PastRun> group, Predicate<PastRun> hit) {
        PastRun one = group.get(0);
        Map<Verdict, Integer> verdicts = new EnumMap<>(Verdict.class);
        Rate rate = Rate.NONE;
        List<PastRun> hits = new ArrayList<>();
        List<Long> times = new ArrayList<>();
        for (PastRun run : group) {
            verdicts.merge(run.verdict(), 1, Integer::sum);
            if (counts(subject, run, hit)) {
                rate = rate.and(hit.test(run));
                if (hit.test(run)) {
                    hits.add(run);
                }
            }
            if (run.verdict() != Verdict.ERROR) {
                times.add(run.totalMs());
            }
        }
        times.sort(Comparator.naturalOrder());
        return new Row(
                one.reproducer(),
                one.kernelKey(),
                one.release(),
                one.target(),
                verdicts,
                rate,
                Span.of(hits),
                times.isEmpty() ? Optional.empty() : Optional.of(times.get(times.size() / 2)));
    }

    private static List<Seen> seen(List<PastRun> runs, List<Sighting> sightings) {
        Map<String, PastRun> byId = new HashMap<>();
        runs.forEach(run -> byId.put(run.id(), run));
        Map<String, List<Sighting>> groups = new LinkedHashMap<>();
        sightings.forEach(sighting -> groups.computeIfAbsent(sighting.signature(), k -> new ArrayList<>())
                .add(sighting));
        List<Seen> all = new ArrayList<>();
        groups.values().forEach(group -> {
            List<PastRun> of = group.stream()
                    .flatMap(sighting -> Optional.ofNullable(byId.get(sighting.run())).stream())
                    .toList();
            Map<String, List<PastRun>> kernels = new TreeMap<>();
            of.forEach(run -> kernels.computeIfAbsent(run.release(), k -> new ArrayList<>())
                    .add(run));
            Map<String, Span> spans = new TreeMap<>();
            kernels.forEach((kernel, its) -> spans.put(kernel, Span.of(its)));
            Sighting one = group.get(0);
            all.add(new Seen(one.signature(), one.kind(), one.title(), Span.of(of), spans));
        });
        all.sort(Comparator.comparing((Seen seen) -> seen.span().last().orElse(Instant.MIN))
                .reversed()
                .thenComparing(Seen::signature));
        return all;
    }
}
