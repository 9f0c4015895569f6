// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal;

import gg.jte.ContentType;
import gg.jte.TemplateEngine;
import io.ksplat.report.internal.campaign.CampaignLink;
import io.ksplat.report.internal.campaign.CampaignPages;
import io.ksplat.report.internal.campaign.HuntMatrix;
import io.ksplat.report.internal.page.Changes;
import io.ksplat.report.internal.page.IndexPage;
import io.ksplat.report.internal.page.RunPage;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.ReportFolder;
import io.ksplat.results.internal.RunFolder;
import io.ksplat.results.internal.StoredReport;
import io.ksplat.results.internal.StoredRun;
import io.ksplat.results.internal.campaign.CampaignFiles;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Writes the pages of a report beside its records, from the records alone: {@code index.html}, and a page for each run. */
public final class HtmlReport {
    public static final String INDEX = "index.html";

    private static final String STYLE = "ksplat-report.css";
    private static final String SCRIPT = "ksplat-report.js";
    private static final String ICON = "ksplat-report.svg";

    private final ReportFolder files;
    private final TemplateEngine templates = TemplateEngine.createPrecompiled(ContentType.Html);

    private HtmlReport(Path folder) {
        files = new ReportFolder(folder);
    }

    /**
     * Writes all pages, and removes nothing.
     *
     * @param baseline an earlier report to compare with
     * @return the first page
     * @throws IOException in one line, if there is no report, or if it cannot be written
     */
    public static Path write(Path folder, Optional<Path> baseline) throws IOException {
        try {
            new HtmlReport(folder).write(baseline);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return folder.resolve(INDEX);
    }

    /** Returns whether a report has no runs, but what many runs say: a sweep or a benchmark. */
    public static boolean hasNoRuns(Path folder) throws IOException {
        return !StoredReport.isIn(folder) && hasCampaigns(folder);
    }

    /** Returns whether a report has what many runs say. */
    public static boolean hasCampaigns(Path folder) throws IOException {
        return !CampaignFiles.of(folder).isEmpty();
    }

    private void write(Optional<Path> baseline) throws IOException {
        List<CampaignFiles.Stored> campaigns = CampaignFiles.of(files.path());
        List<StoredRun> runs =
                !campaigns.isEmpty() && !StoredReport.isIn(files.path()) ? List.of() : StoredReport.read(files.path());
        Optional<Changes> changes = Optional.empty();
        if (baseline.isPresent()) {
            List<RunRecord> before = StoredReport.read(baseline.get()).stream()
                    .map(StoredRun::run)
                    .toList();
            changes = Optional.of(Changes.between(
                    String.valueOf(baseline.get().getFileName()),
                    before,
                    runs.stream().map(StoredRun::run).toList()));
        }
        copy(STYLE);
        copy(SCRIPT);
        copy(ICON);
        for (StoredRun run : runs) {
            String name = RunFolder.name(run.run());
            Files.createDirectories(files.path().resolve(name));
            page(name + "/" + INDEX, "run.jte", RunPage.of(run, files.path()));
            files.replace(name + "/trace.json", out -> TraceEvents.write(out, run));
        }
        CampaignPages pages = new CampaignPages(files.path(), runs);
        for (CampaignFiles.Stored campaign : campaigns) {
            page(campaign.page(), campaign.record().kind() + ".jte", pages.of(campaign));
        }
        // Last: what it links to is there.
        page(
                INDEX,
                "index.jte",
                Map.of(
                        "page",
                        IndexPage.of(runs, changes, jointFiles()),
                        "campaigns",
                        campaigns.stream().map(CampaignLink::of).toList(),
                        "hunts",
                        HuntMatrix.of(campaigns)));
    }

    private List<String> jointFiles() throws IOException {
        List<String> present = new ArrayList<>();
        for (String name : List.of("results.json", "summary.md", "table.md", "open-test-report.xml")) {
            if (Files.exists(files.path().resolve(name))) {
                present.add(name);
            }
        }
        return present;
    }

    private void page(String name, String template, Object page) throws IOException {
        page(name, template, Map.of("page", page));
    }

    private void page(String name, String template, Map<String, Object> parameters) throws IOException {
        files.replace(name, out -> {
            Writer writer = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
            templates.render(template, parameters, new PrintableOutput(writer));
            writer.flush();
        });
    }

    private void copy(String name) throws IOException {
        files.replace(name, out -> {
            try (InputStream in = HtmlReport.class.getResourceAsStream(name)) {
                if (in == null) {
                    throw new IOException(name + " is not in this ksplat: build it again");
                }
                in.transferTo(out);
            }
        });
    }
}
