// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import io.ksplat.results.internal.RunFolder;
import io.ksplat.results.internal.StoredReport;
import io.ksplat.results.internal.StoredRun;
import io.ksplat.results.internal.wire.ReportJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Joins reports: those of the shards of a plan, for example. Gives the same result for any order of the reports.
 *
 * <pre>{@code
 * List<RunRecord> runs = ReportMerge.of(List.of(Path.of("shard-1"), Path.of("shard-2")), Path.of("ksplat-report"));
 * System.out.println(runs.stream().allMatch(RunRecord::asExpected));
 * }</pre>
 */
public final class ReportMerge {
    private ReportMerge() {}

    /** A run and the folder of its files. */
    private record Part(StoredRun run, Path folder) {
        Part attempt(int number) {
            RunRecord record = run.run();
            RunRecord renamed = record.toBuilder().attempt(number).build();
            // Texts name files of the run by the path below the report.
            String before = RunFolder.name(record) + "/";
            String after = RunFolder.name(renamed) + "/";
            return new Part(
                    run.with(renamed.toBuilder()
                            .message(record.message().map(text -> text.replace(before, after)))
                            .notes(record.notes().stream()
                                    .map(text -> text.replace(before, after))
                                    .toList())
                            .build()),
                    folder);
        }

        Instant begun() {
            return run.begun();
        }

        /** Tells apart runs of one name that began at the same time. */
        String content() {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try {
                ReportJson.writeResults(out, List.of(run.run()));
            } catch (IOException e) {
                throw new UncheckedIOException("writing to memory failed", e);
            }
            return out.toString(StandardCharsets.UTF_8);
        }
    }

    /**
     * Joins reports into one, and copies the folders of their runs. A run that is in several of them, the same in every field, is
     * in the result once. Of different runs with the same name, the first that began keeps its number; each other gets the next
     * number that is free.
     *
     * @param out the folder of the joined report; it replaces an older one
     * @return the runs of the joined report
     * @throws IOException in one line, if a report cannot be read, or if {@code out} lies in one of them
     */
    public static List<RunRecord> of(List<Path> reports, Path out) throws IOException {
        Map<String, List<Part>> byKernel = new TreeMap<>();
        for (Path report : reports) {
            checkApart(report, out);
            for (StoredRun run : StoredReport.read(report)) {
                String name = RunFolder.name(run.run());
                byKernel.computeIfAbsent(name.substring(0, name.lastIndexOf('/')), key -> new ArrayList<>())
                        .add(new Part(run, folder(report, name)));
            }
        }
        try (RunLog log = RunLog.in(out)) {
            for (List<Part> parts : byKernel.values()) {
                for (Part part : numbered(parts)) {
                    StoredRun run = part.run();
                    RunFolder.copy(part.folder(), log.folder(run.run()));
                    log.enter(run);
                }
            }
            return log.runs();
        }
    }

    /** The folder beside a {@code results.json} that is named alone. */
    private static Path folder(Path report, String name) {
        return Files.isRegularFile(report) ? report.resolveSibling(name) : report.resolve(name);
    }

    private static void checkApart(Path report, Path out) throws IOException {
        Path one = report.toAbsolutePath().normalize();
        Path other = out.toAbsolutePath().normalize();
        if (one.startsWith(other) || other.startsWith(one)) {
            throw new IOException("cannot join " + report + " into " + out + ": name a folder beside it with --report");
        }
    }

    /** Every run of a reproducer on a kernel once, each with a number of its own, sorted by it. */
    private static List<Part> numbered(List<Part> parts) {
        Map<Integer, List<Part>> byNumber = distinct(parts).stream()
                .collect(Collectors.groupingBy(part -> part.run().run().attempt(), TreeMap::new, Collectors.toList()));
        Set<Integer> taken = new HashSet<>(byNumber.keySet());
        Map<Integer, Part> numbered = new TreeMap<>();
        byNumber.forEach((number, same) -> {
            numbered.put(number, same.get(0));
            for (Part other : same.subList(1, same.size())) {
                int free = number;
                while (!taken.add(free)) {
                    free++;
                }
                numbered.put(free, other.attempt(free));
            }
        });
        return List.copyOf(numbered.values());
    }

    /** Sorted by when they began. Of equal ones, one whose time is known. */
    private static List<Part> distinct(List<Part> parts) {
        Map<RunRecord, Part> first = parts.stream()
                .sorted(Comparator.comparing(Part::begun).reversed().thenComparing(Part::folder))
                .collect(Collectors.toMap(part -> part.run().run(), Function.identity(), (one, again) -> one));
        return first.values().stream()
                .sorted(Comparator.comparing(Part::begun).thenComparing(Part::content))
                .toList();
    }
}
