// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.campaign.CampaignFiles;
import io.ksplat.results.internal.wire.ReportJson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** The files that a report lies in. */
public final class StoredReport {
    public static final String RESULTS = "results.json";
    public static final String RUN = "run.json";

    private static final int HEAD = 1024;
    private static final Pattern RUN_HEAD = Pattern.compile("\\s*\\{\\s*\"schema\"\\s*:");
    private static final String SUITE_HEAD = "<testcase classname=\"ksplat.";
    private static final String PAGE = "index.html";
    private static final String PAGE_HEAD = "<meta name=\"generator\" content=\"ksplat\">";

    private StoredReport() {}

    /**
     * Returns the runs of a report: in the order of {@code results.json}, and after those that it does not know yet, as they began.
     *
     * @param report the folder, or a {@code results.json} alone
     */
    public static List<StoredRun> read(Path report) throws IOException {
        if (Files.isRegularFile(report)) {
            return undated(ReportJson.readResults(report));
        }
        Path results = report.resolve(RESULTS);
        Map<String, StoredRun> fresh = runFiles(report);
        if (!Files.exists(results) && fresh.isEmpty()) {
            throw new IOException(
                    "there is no report in " + report + ": it has no " + RESULTS + ", name the folder of a report");
        }
        Map<String, StoredRun> all = new LinkedHashMap<>();
        if (Files.exists(results)) {
            undated(ReportJson.readResults(results)).forEach(run -> all.put(RunFolder.name(run.run()), run));
        }
        fresh.entrySet().stream()
                .sorted(Map.Entry.comparingByValue(Comparator.comparing(StoredRun::begun)))
                .forEach(run -> all.put(run.getKey(), run.getValue()));
        return List.copyOf(all.values());
    }

    /** Returns whether a folder has a report. */
    public static boolean isIn(Path report) throws IOException {
        return Files.exists(report.resolve(RESULTS)) || !runFilesOf(report).isEmpty();
    }

    private static List<StoredRun> undated(List<RunRecord> runs) {
        return runs.stream().map(StoredRun::undated).toList();
    }

    /** By the names of their folders. */
    private static Map<String, StoredRun> runFiles(Path report) throws IOException {
        Map<String, StoredRun> runs = new TreeMap<>();
        for (Path file : runFilesOf(report)) {
            StoredRun stored = ReportJson.readRun(file);
            String name = RunFolder.name(stored.run());
            // A copied folder would be a second run of the same name, and a name with dots lead out of the report.
            if (!report.resolve(name).resolve(RUN).equals(file)) {
                throw new IOException(file + " is damaged: it is of the run " + name);
            }
            runs.put(name, stored);
        }
        return runs;
    }

    /** Returns every {@code ID/KEY/ATTEMPT/run.json} of a folder, sorted. */
    static List<Path> runFilesOf(Path report) throws IOException {
        List<Path> files = new ArrayList<>();
        for (Path id : folders(report)) {
            for (Path key : folders(id)) {
                for (Path attempt : folders(key)) {
                    Path file = attempt.resolve(RUN);
                    if (attempt.getFileName().toString().matches("-?\\d+") && Files.isRegularFile(file)) {
                        files.add(file);
                    }
                }
            }
        }
        return files;
    }

    /**
     * Removes that by which an older report in the folder would be taken for this one: each run's {@code run.json}, each suite's
     * JUnit XML, the first page, and what many runs together said. Everything else stays, and so does what ksplat did not write.
     *
     * @return how many runs it had
     */
    public static int forget(Path report) throws IOException {
        int runs = 0;
        for (Path file : runFilesOf(report)) {
            String head = head(file);
            if (head.isEmpty() || RUN_HEAD.matcher(head).lookingAt()) {
                Files.delete(file);
                runs++;
            }
        }
        forgetPage(report.resolve(PAGE));
        CampaignFiles.forget(report);
        try (DirectoryStream<Path> suites = Files.newDirectoryStream(report, "TEST-*.xml")) {
            for (Path suite : suites) {
                if (Files.isRegularFile(suite) && head(suite).contains(SUITE_HEAD)) {
                    Files.delete(suite);
                }
            }
        }
        return runs;
    }

    private static void forgetPage(Path page) throws IOException {
        if (Files.isRegularFile(page) && head(page).contains(PAGE_HEAD)) {
            Files.delete(page);
        }
    }

    private static String head(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(HEAD), StandardCharsets.UTF_8);
        }
    }

    private static List<Path> folders(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        List<Path> folders = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, Files::isDirectory)) {
            entries.forEach(folders::add);
        } catch (java.nio.file.DirectoryIteratorException e) {
            throw e.getCause();
        }
        folders.sort(Comparator.naturalOrder());
        return folders;
    }
}
