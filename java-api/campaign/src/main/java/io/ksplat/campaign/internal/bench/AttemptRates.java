// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bench;

import io.ksplat.engine.internal.PhaseTimings;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Measures attempts per minute of a reproducer that ends in a DEADLOCK and of its opposite, which ends CLEAN. The two
 * take turns.
 */
final class AttemptRates {
    /** Attempts of each job in a turn. Fewer would measure how a turn begins and ends. */
    private static final int PER_JOB = 5;

    private static final List<String> PARTS =
            List.of("set-up", "test method", "watching", "end of the machine", "report");

    private final PhaseTimings spent;
    private final LongSupplier nanos;
    private final Tally deadlock;
    private final Tally clean;

    /** Prepares a measurement that reads the parts of each attempt from {@code spent}. */
    AttemptRates(PhaseTimings spent, LongSupplier nanos, Bench.Attempts deadlock, Bench.Attempts clean) {
        this.spent = spent;
        this.nanos = nanos;
        this.deadlock = new Tally("", Verdict.DEADLOCK, deadlock);
        this.clean = new Tally("clean", Verdict.CLEAN, clean);
    }

    /**
     * Runs {@code runs} attempts of each reproducer, {@code jobs} at a time.
     *
     * @throws IOException if an attempt has another verdict than its reproducer should have: it did other work
     */
    void measure(int runs, int jobs) throws IOException, InterruptedException {
        // The first attempts create the templates and fill the caches.
        deadlock.run(1);
        clean.run(1);
        int turns = Math.max(1, runs / (PER_JOB * jobs));
        for (int turn = 0; turn < turns; turn++) {
            int attempts = runs * (turn + 1) / turns - runs * turn / turns;
            deadlock.turn(attempts);
            clean.turn(attempts);
        }
    }

    List<Figure> figures() throws IOException {
        List<Figure> figures = new ArrayList<>(List.of(deadlock.perMinute(), clean.perMinute()));
        figures.add(new Figure("jvmMiB", "MiB", List.of(HostText.residentMiB())));
        figures.addAll(deadlock.ofAnAttempt());
        figures.addAll(clean.ofAnAttempt());
        return figures;
    }

    List<Ratio> ratios() {
        String name = "clean/deadlock";
        return List.of(
                clean.rates.size() > 1
                        ? Ratio.ofPairs(name, clean.rates, deadlock.rates)
                        : new Ratio(
                                name,
                                clean.perMinute().median()
                                        / deadlock.perMinute().median()));
    }

    /** What the turns of one reproducer took. */
    private final class Tally {
        private final String prefix;
        private final Verdict right;
        private final Bench.Attempts attempts;
        private final List<Double> rates = new ArrayList<>();
        private final List<Double> total = new ArrayList<>();
        private final List<Double> restores = new ArrayList<>();
        private final Map<String, List<Double>> parts = new LinkedHashMap<>();
        private double wallMs;
        private double machineCpuMs;
        private double jvmCpuMs;

        Tally(String prefix, Verdict right, Bench.Attempts attempts) {
            this.prefix = prefix;
            this.right = right;
            this.attempts = attempts;
        }

        void turn(int times) throws IOException, InterruptedException {
            spent.reset();
            HostText.CpuTime before = HostText.CpuTime.now();
            long start = nanos.getAsLong();
            List<RunRecord> records = run(times);
            double took = (nanos.getAsLong() - start) / 1e6;
            HostText.CpuTime after = HostText.CpuTime.now();
            rates.add(times * 60_000 / took);
            wallMs += took;
            machineCpuMs += (after.children() - before.children()) * 1000;
            jvmCpuMs += (after.own() - before.own()) * 1000;
            for (RunRecord record : records) {
                total.add((double) record.timings().totalMs());
                record.timings().restoreMs().ifPresent(ms -> restores.add((double) ms));
            }
            for (String part : PARTS) {
                parts.computeIfAbsent(part, p -> new ArrayList<>()).addAll(spent.of(part));
            }
        }

        List<RunRecord> run(int times) throws IOException, InterruptedException {
            List<RunRecord> records = attempts.run(times);
            for (RunRecord record : records) {
                if (record.verdict() != right || !record.asExpected()) {
                    throw new IOException(record.reproducer() + " gives no figure on "
                            + record.kernel().spec() + ": its attempt " + record.attempt() + " is " + record.verdict()
                            + ", not " + right
                            + record.mismatch()
                                    .or(record::message)
                                    .map(why -> ": " + why)
                                    .orElse(""));
                }
            }
            if (records.size() != times) {
                throw new IOException(
                        "only " + records.size() + " of " + times + " attempts that should be " + right + " ended");
            }
            return records;
        }

        Figure perMinute() {
            return new Figure(named("attemptsPerMinute"), "1/min", List.of(total.size() * 60_000 / wallMs));
        }

        List<Figure> ofAnAttempt() {
            List<Figure> figures = new ArrayList<>(List.of(
                    new Figure(named("machineCpuMs"), "ms", List.of(machineCpuMs / total.size())),
                    new Figure(named("jvmCpuMs"), "ms", List.of(jvmCpuMs / total.size())),
                    new Figure(named("attemptMs"), "ms", total)));
            if (!restores.isEmpty()) {
                figures.add(new Figure(named("restoreMs"), "ms", restores));
            }
            parts.forEach((part, ms) -> {
                if (!ms.isEmpty()) {
                    figures.add(new Figure((prefix + " " + part).strip(), "ms", ms));
                }
            });
            return figures;
        }

        private String named(String figure) {
            return prefix.isEmpty()
                    ? figure
                    : prefix + figure.substring(0, 1).toUpperCase(Locale.ROOT) + figure.substring(1);
        }
    }
}
