// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.campaign;

import io.ksplat.results.internal.PatchXmlWriter;
import io.ksplat.results.internal.ReportFolder;
import io.ksplat.results.internal.wire.CampaignJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Where a report keeps them: {@code bisect.json}, {@code patch.json} and {@code history.json} beside its runs, {@code sweep/ID/sweep.json},
 * {@code hunt/KERNEL/hunt.json} and {@code bench-NAME/bench.json} below it. A folder of a sweep or a benchmark is a report, too.
 */
public final class CampaignFiles {
    private static final List<String> KINDS = List.of("bisect", "patch", "sweep", "bench", "history");
    private static final int MOST = 500;
    private static final String TRIAL = "TEST-patch.xml";

    private CampaignFiles() {}

    /**
     * A record of a report.
     *
     * @param folder where it lies, below the report: empty, or with a slash at its end
     */
    public record Stored(String folder, CampaignRecord record) {
        /** Returns the name of its page. */
        public String page() {
            return folder + record.kind() + ".html";
        }
    }

    /** Writes a record into its folder, as one line of JSON; of a patch trial also as JUnit XML, for its runs by themselves pass or fail nothing. */
    public static void write(Path folder, CampaignRecord record) throws IOException {
        Files.createDirectories(folder);
        ReportFolder report = new ReportFolder(folder);
        report.replace(
                record.kind() + ".json",
                out -> out.write((CampaignJson.line(record) + "\n").getBytes(StandardCharsets.UTF_8)));
        if (record instanceof PatchRecord trial) {
            report.replace(TRIAL, out -> PatchXmlWriter.write(out, trial));
        }
    }

    /**
     * Returns the records of a report.
     *
     * @throws IOException in one line, if one is damaged
     */
    public static List<Stored> of(Path report) throws IOException {
        List<Stored> found = new ArrayList<>();
        for (String kind : KINDS) {
            read(report, "", kind, found);
        }
        for (String kind : List.of("sweep", "hunt")) {
            for (String name : folders(report.resolve(kind))) {
                read(report, kind + "/" + name + "/", kind, found);
            }
        }
        for (String name : folders(report)) {
            if (name.startsWith("bench-")) {
                read(report, name + "/", "bench", found);
            }
        }
        return found;
    }

    /**
     * Returns the patch trial whose runs a report has; empty if they are of none.
     *
     * @throws IOException in one line, if it is damaged
     */
    public static Optional<PatchRecord> trial(Path report) throws IOException {
        List<Stored> found = new ArrayList<>();
        read(report, "", "patch", found);
        return found.stream().map(stored -> (PatchRecord) stored.record()).findFirst();
    }

    /** Removes those of a report whose runs are forgotten. */
    public static void forget(Path report) throws IOException {
        for (String kind : KINDS) {
            Path file = report.resolve(kind + ".json");
            if (Files.isRegularFile(file) && CampaignJson.isRecord(file)) {
                Files.delete(file);
                if (kind.equals("patch")) {
                    Files.deleteIfExists(report.resolve(TRIAL));
                }
            }
        }
    }

    private static void read(Path report, String folder, String kind, List<Stored> found) throws IOException {
        Path file = report.resolve(folder + kind + ".json");
        if (found.size() < MOST && Files.isRegularFile(file)) {
            found.add(new Stored(folder, CampaignJson.read(file, kind)));
        }
    }

    private static List<String> folders(Path folder) throws IOException {
        List<String> names = new ArrayList<>();
        if (!Files.isDirectory(folder)) {
            return names;
        }
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, Files::isDirectory)) {
            entries.forEach(entry -> names.add(String.valueOf(entry.getFileName())));
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        names.sort(Comparator.naturalOrder());
        return names;
    }
}
