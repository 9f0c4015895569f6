// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report;

import io.ksplat.evidence.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The folder of a report, whole on disk at every moment: a run is entered as an ERROR that did not finish before it begins, so that
 * even a report whose writer was killed tells of it. Thread-safe.
 */
public final class Report {
    private static final String UNFINISHED =
            "the run did not finish: ksplat was killed, or its report could not be written";

    private final Path folder;
    private final Map<String, RunRecord> runs = new LinkedHashMap<>();
    private final List<Listener> listeners = new ArrayList<>();

    private Report(Path folder) {
        this.folder = folder;
    }

    /**
     * Begins a report; an older one in the same folder is replaced.
     *
     * @throws IOException where the folder cannot be written
     */
    public static Report in(Path folder) throws IOException {
        try {
            Files.createDirectories(folder);
            Report report = new Report(folder);
            report.replace("results.json", ResultsJson.results(List.of()));
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

    /** Where the files of a run lie. */
    public Path folder(RunRecord run) {
        return folder.resolve(RunFolder.name(run));
    }

    /** Enters a run that begins, and makes its folder. */
    public synchronized Path begin(String reproducer, KernelName kernel, int attempt, Verdict expected)
            throws IOException {
        Path run = folder.resolve(RunFolder.name(reproducer, kernel.key(), attempt));
        Files.createDirectories(run);
        Files.deleteIfExists(run.resolve("evidence.json"));
        Files.deleteIfExists(run.resolve("console.log"));
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
        Files.write(evidence, ResultsJson.evidenceFile(run.evidence()));
        write(run);
        listeners.forEach(listener -> listener.ended(run));
    }

    /** Every run so far, in the order in which they began. */
    public synchronized List<RunRecord> runs() {
        return List.copyOf(runs.values());
    }

    private void write(RunRecord run) throws IOException {
        runs.put(RunFolder.name(run), run);
        replace("results.json", ResultsJson.results(runs.values()));
        List<RunRecord> suite = new ArrayList<>(runs.values());
        suite.removeIf(other -> !other.reproducer().equals(run.reproducer()));
        replace("TEST-" + RunFolder.fileName(run.reproducer()) + ".xml", JUnitXml.suite(run.reproducer(), suite));
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
