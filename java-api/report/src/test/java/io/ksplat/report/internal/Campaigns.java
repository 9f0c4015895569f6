// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.internal.campaign.BenchRecord;
import io.ksplat.results.internal.campaign.BisectRecord;
import io.ksplat.results.internal.campaign.HistoryRecord;
import io.ksplat.results.internal.campaign.HuntRecord;
import io.ksplat.results.internal.campaign.PatchRecord;
import io.ksplat.results.internal.campaign.SweepRecord;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Sweeps, bisections, patch trials, benchmarks and histories to draw. */
final class Campaigns {
    private static final long TEXT = 0xffffffff81000000L;

    private Campaigns() {}

    private static SweepRecord.Point point(int n, int deadFrom, int deadTo, String name, String lock) {
        boolean dead = n >= deadFrom && n < deadTo;
        return new SweepRecord.Point(
                n,
                TEXT + n,
                name,
                n,
                dead ? Verdict.DEADLOCK : Verdict.CLEAN,
                dead ? Optional.of(lock) : Optional.empty(),
                dead ? List.of(lock) : List.of(),
                List.of(),
                Optional.empty());
    }

    /** A path of some instructions, every second of them measured; an NMI deadlocks in the middle third. */
    static SweepRecord sweep(int length, String name, String lock) {
        int from = length / 3 / 2 * 2;
        int to = 2 * length / 3 / 2 * 2;
        List<SweepRecord.Point> steps = IntStream.range(0, length)
                .filter(n -> n % 2 == 0 || n == length - 1 || n == from - 1 || n == to - 1)
                .mapToObj(n -> point(n, from, to, name, lock))
                .toList();
        List<SweepRecord.Instruction> code = IntStream.range(0, length)
                .mapToObj(n -> new SweepRecord.Instruction(
                        n,
                        "mov    0x" + n + "(%rdi),%rax",
                        n >= from && n < to ? (n % 2 == 0 ? "D" : "d") : n % 2 == 0 ? "S" : "s",
                        List.of(n),
                        0,
                        n >= from && n < to ? Optional.of(lock) : Optional.empty()))
                .toList();
        return new SweepRecord(
                "nmi-task-kptr",
                "debian:7.2",
                "7.2.13-cloud",
                name,
                0,
                "an-anchor",
                93.1,
                steps,
                List.of(),
                List.of(
                        new SweepRecord.Stretch(0, from - 1, from / 2, from / 2, Verdict.CLEAN, Optional.empty()),
                        new SweepRecord.Stretch(
                                from, to - 1, (to - from) / 2, (to - from) / 2, Verdict.DEADLOCK, Optional.of(lock)),
                        new SweepRecord.Stretch(
                                to, length - 1, (length - to) / 2, (length - to) / 2, Verdict.CLEAN, Optional.empty())),
                LongStream.range(0, length).mapToObj(n -> TEXT + n).toList(),
                List.of(
                        new SweepRecord.Function(name, TEXT, length / 2, code.subList(0, length / 2)),
                        new SweepRecord.Function(
                                "callee", TEXT + length / 2, length - length / 2, code.subList(length / 2, length))));
    }

    static HuntRecord hunt(String kernel, String word) {
        return new HuntRecord(
                kernel,
                1,
                List.of(
                        new HuntRecord.Operation(
                                "map-update/lru-hash",
                                "nmi",
                                "DEADLOCK",
                                627,
                                23,
                                15,
                                List.of(word),
                                List.of(new HuntRecord.Finding(
                                        "cpu-stuck:" + word,
                                        word,
                                        "_raw_spin_lock+0x2b",
                                        "_raw_spin_unlock+0x9",
                                        8,
                                        true,
                                        false,
                                        Optional.empty(),
                                        "hunt/k/HuntMapUpdate.java")),
                                Optional.empty()),
                        new HuntRecord.Operation(
                                "map-lookup/array",
                                "nmi",
                                "REFUSED",
                                0,
                                0,
                                0,
                                List.of(),
                                List.of(),
                                Optional.of("only ever failed"))),
                List.of("map-delete/hash"));
    }

    static SweepRecord sweep() {
        return sweep(200, "__call_rcu_common", Reports.LOCK);
    }

    /** @param folder of a run that the report has */
    static BisectRecord bisect(int kernels, String reproducer, String reason, String folder) {
        List<BisectRecord.Member> members = new ArrayList<>();
        List<BisectRecord.Run> runs = new ArrayList<>();
        for (int i = 0; i < kernels; i++) {
            boolean bad = i < kernels / 2;
            members.add(new BisectRecord.Member(
                    "debian:7." + i,
                    i == 1 ? Optional.of("debian:7.1.9") : Optional.empty(),
                    i == 1 ? 9 : 1,
                    bad && i != 1 ? 1 : 0,
                    i == 1 ? 0 : 2,
                    i == 2,
                    i == kernels / 2 ? 0.993 : 0.0004));
            runs.add(new BisectRecord.Run(
                    "debian:7." + i,
                    OptionalInt.of(i),
                    i == 2 ? "SKIP" : bad ? "BAD" : "GOOD",
                    bad ? "DEADLOCK: CPU 0 stuck" : "CLEAN",
                    Optional.of(i == 0 ? folder : "none/such/1")));
        }
        return new BisectRecord(
                "FOUND",
                0.007,
                runs.size(),
                Optional.of(new BisectRecord.End("debian:7." + (kernels / 2 - 1), "7.0.13")),
                Optional.of(new BisectRecord.End("debian:7." + kernels / 2, "7.1.3")),
                Optional.empty(),
                List.of(new BisectRecord.Skipped("debian:7.2", reason)),
                List.of("series 7.1 has the change since its first release"),
                reproducer,
                "cure",
                List.of(new BisectRecord.Line("the trunk", members)),
                runs);
    }

    static BisectRecord bisect() {
        return bisect(8, "map-reentry/lru", "does not boot", "dead/7.2.13-cloud/1");
    }

    /** @param base the folder of a run that the report has */
    static PatchRecord patch(String subject, String base, String patched) {
        return new PatchRecord(
                "CURES",
                0.031,
                new PatchRecord.Sides(3, 3),
                new PatchRecord.Sides(3, 0),
                "dead: the bug shows only without the patch, and every control passes with it",
                "0123456789ab (\"base\")",
                "lockdep",
                List.of(subject, "selftests: Test it"),
                List.of(new PatchRecord.After("1/2", "DOES NOT CURE")),
                List.of(new PatchRecord.Comparison(
                        "dead",
                        Optional.of("CURES"),
                        0.031,
                        "the bug shows only without the patch",
                        new PatchRecord.Side(3, 3, 0.29, 1, List.of(base, "gone/gone/1")),
                        new PatchRecord.Side(0, 3, 0, 0.71, List.of(patched)),
                        Optional.empty())));
    }

    static PatchRecord patch() {
        return patch("bpf: Fix it", "dead/7.2.13-cloud/1", "clean/7.2.13-cloud/1");
    }

    private static BenchRecord.Figure figure(String name, String unit, double... values) {
        List<Double> sorted = DoubleStream.of(values).sorted().boxed().toList();
        return new BenchRecord.Figure(
                name,
                unit,
                sorted.get(sorted.size() / 2),
                sorted.get(0),
                sorted.get(sorted.size() - 1),
                sorted.size(),
                sorted);
    }

    static BenchRecord bench(String name) {
        return new BenchRecord(
                "workload",
                Map.of("host", "2 CPUs", "workload", name),
                List.of(
                        figure(name + " debian:6.12", "1/s", 1040, 1010, 990, 1020, 1033),
                        figure(name + " debian:7.2", "1/s", 940, 910, 890, 920, 933),
                        figure("coldBootMs", "ms", 4100, 4200, 3900, 4150),
                        figure("restoreMs", "ms", 150, 151, 155, 190, 149),
                        figure("jvmMiB", "MiB", 210)),
                List.of(
                        new BenchRecord.Ratio(name + " 6.12/7.2", 1.1, OptionalDouble.of(1.05), OptionalDouble.of(1.2)),
                        new BenchRecord.Ratio("coldBoot/restore", 27, OptionalDouble.empty(), OptionalDouble.empty())));
    }

    private static HistoryRecord.Span span(String first, String last) {
        return new HistoryRecord.Span(Optional.of(first), Optional.of(last));
    }

    /** A signature that came with 7.2, on some days, and a row that is flaky. */
    static HistoryRecord history(String name, int days) {
        List<HistoryRecord.Day> all = new ArrayList<>();
        for (int i = 0; i < days; i++) {
            String day = LocalDate.of(2026, 1, 1).plusDays(i).toString();
            all.add(new HistoryRecord.Day(day, new HistoryRecord.Rate(i % 3, 4, 0.1 * (i % 3), 0.3 + 0.2 * (i % 3))));
        }
        return new HistoryRecord(
                name,
                name.isEmpty() ? "all" : "reproducer",
                List.of(new HistoryRecord.Signature(
                        "cpu-stuck|" + name,
                        "cpu-stuck",
                        "CPU 0 stuck in " + name,
                        span("2026-01-02", "2026-01-06"),
                        List.of(
                                new HistoryRecord.On("7.2.12-cloud", span("2026-01-02", "2026-01-04")),
                                new HistoryRecord.On(
                                        "7.2.13-cloud", new HistoryRecord.Span(Optional.empty(), Optional.empty()))))),
                List.of(
                        row("steady " + name, "6.12.9-cloud", false, List.of(new HistoryRecord.Count("CLEAN", 12))),
                        row(
                                "shaky " + name,
                                "7.2.13-cloud",
                                true,
                                List.of(new HistoryRecord.Count("DEADLOCK", 3), new HistoryRecord.Count("CLEAN", 9)))),
                all);
    }

    private static HistoryRecord.Row row(
            String reproducer, String release, boolean flaky, List<HistoryRecord.Count> verdicts) {
        return new HistoryRecord.Row(
                reproducer,
                release,
                release,
                "qemu",
                verdicts,
                new HistoryRecord.Rate(flaky ? 3 : 0, 12, 0.05, 0.57),
                span("2026-01-02", "2026-01-06"),
                flaky,
                OptionalLong.of(12_340));
    }
}
