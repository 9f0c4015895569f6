// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunRecord;
import io.ksplat.results.Timings;
import io.ksplat.results.internal.wire.ReportJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.ToIntFunction;

/**
 * The folder of a report, whole on disk at every moment: a run is entered as an ERROR that did not finish before it begins, so that
 * even a report whose writer was killed tells of it. Thread-safe.
 */
public final class RunLog {
    private static final String UNFINISHED =
            "the run did not finish: ksplat was killed, or its report could not be written";

    private static final String OPEN_TEST_REPORT = "open-test-report.xml";

    private final Path folder;
    private final Map<String, RunRecord> runs = new LinkedHashMap<>();
    private final Set<String> open = new HashSet<>();
    private final Map<String, Instant> begun = new HashMap<>();
    private final Map<String, Instant> ended = new HashMap<>();
    private final List<Listener> listeners = new ArrayList<>();
    private ToIntFunction<RunRecord> order = run -> 0;

    private RunLog(Path folder) {
        this.folder = folder;
    }

    /**
     * Begins a report; an older one in the same folder is replaced.
     *
     * @throws IOException where the folder cannot be written
     */
    public static RunLog in(Path folder) throws IOException {
        try {
            Files.createDirectories(folder);
            RunLog report = new RunLog(folder);
            report.replace("results.json", results(List.of()));
            report.replace(OPEN_TEST_REPORT, OpenTestWriter.of(List.of()));
            return report;
        } catch (IOException e) {
            throw new IOException(
                    "the report folder " + folder + " cannot be written (" + reason(e)
                            + "): name another with --report",
                    e);
        }
    }

    public Path folder() {
        return folder;
    }

    /** Is told of every run that ends. */
    @FunctionalInterface
    public interface Listener {
        void ended(RunRecord run);
    }

    public synchronized void listen(Listener more) {
        listeners.add(more);
    }

    public synchronized void forget(Listener known) {
        listeners.remove(known);
    }

    /**
     * Has runs stand in another order than that in which they begin, which is chance where several are on at once: by the number
     * that this gives each of them, and those of one number as they began.
     */
    public synchronized void order(ToIntFunction<RunRecord> by) {
        // What was in order before stays so among itself.
        List<RunRecord> before = runs();
        runs.clear();
        before.forEach(run -> runs.put(RunFolder.name(run), run));
        order = by;
    }

    /** Where the files of a run lie. */
    public Path folder(RunRecord run) {
        return folder.resolve(RunFolder.name(run));
    }

    /**
     * Enters a run that begins, and makes its folder.
     *
     * @throws IOException where the same run has begun and not ended, by another name of the same kernel say
     */
    public synchronized Path begin(String reproducer, KernelName kernel, int attempt, Verdict expected)
            throws IOException {
        String name = RunFolder.name(reproducer, kernel.key(), attempt);
        if (!open.add(name)) {
            throw new IOException("the run " + name + " is on already: name a reproducer and a kernel only once");
        }
        Path run = folder.resolve(name);
        Files.createDirectories(run);
        Files.deleteIfExists(run.resolve("evidence.json"));
        Files.deleteIfExists(run.resolve("console.log"));
        begun.put(name, Instant.now());
        ended.remove(name);
        write(new RunRecord(
                reproducer,
                kernel,
                attempt,
                0,
                Verdict.ERROR,
                expected,
                Optional.of(UNFINISHED),
                List.of(),
                List.of(),
                List.of(),
                new Timings(OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty(), 0),
                "",
                "boot"));
        return run;
    }

    /** Enters how a run ended. */
    public synchronized void end(RunRecord run) throws IOException {
        Path evidence = folder(run).resolve("evidence.json");
        Files.createDirectories(evidence.getParent());
        try (OutputStream out = Files.newOutputStream(evidence)) {
            ReportJson.writeEvidence(out, run.evidence());
        }
        ended.put(RunFolder.name(run), Instant.now());
        write(run);
        open.remove(RunFolder.name(run));
        List.copyOf(listeners).forEach(listener -> listener.ended(run));
    }

    /** Every run so far, in the order in which they began, or in that of {@link #order}. */
    public synchronized List<RunRecord> runs() {
        return runs.values().stream().sorted(Comparator.comparingInt(order)).toList();
    }

    private void write(RunRecord run) throws IOException {
        runs.put(RunFolder.name(run), run);
        replace("results.json", results(runs()));
        replace("table.md", MarkdownTable.of(List.of(runs())).getBytes(StandardCharsets.UTF_8));
        List<RunRecord> suite = new ArrayList<>(runs());
        suite.removeIf(other -> !other.reproducer().equals(run.reproducer()));
        replace(OPEN_TEST_REPORT, OpenTestWriter.of(events()));
        replace("TEST-" + RunFolder.fileName(run.reproducer()) + ".xml", JUnitXmlWriter.suite(run.reproducer(), suite));
    }

    private static byte[] results(List<RunRecord> runs) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ReportJson.writeResults(out, runs);
        return out.toByteArray();
    }

    private List<OpenTestWriter.Event> events() {
        List<OpenTestWriter.Event> events = new ArrayList<>();
        runs.forEach((name, run) -> {
            // A run whose preparation failed never began.
            Instant begin = begun.getOrDefault(name, ended.getOrDefault(name, Instant.EPOCH));
            events.add(new OpenTestWriter.Event(run, begin, ended.getOrDefault(name, begin)));
        });
        return events;
    }

    /** Replaces a file so that a reader sees the old one or the new one, and a full disk leaves the old one. */
    private void replace(String name, byte[] content) throws IOException {
        Path partial = folder.resolve(name + ".part");
        try {
            Files.write(partial, content);
            Files.move(partial, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    private static String reason(IOException e) {
        if (e instanceof java.nio.file.FileAlreadyExistsException) {
            return "there is a file of that name";
        }
        if (e instanceof java.nio.file.AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof java.nio.file.NoSuchFileException) {
            return "no such file or directory";
        }
        return e instanceof java.nio.file.FileSystemException file && file.getReason() != null
                ? file.getReason()
                : String.valueOf(e.getMessage());
    }
}
