// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.page;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Source;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.RunFolder;
import io.ksplat.results.internal.StoredRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The page of a run.
 *
 * @param left how many pieces of evidence are only in the files
 * @param sources the BPF C around the lines that the evidence names
 */
public record RunPage(
        StoredRun stored,
        String sentence,
        List<Figure> figures,
        Optional<Timeline> timeline,
        List<EvidenceView> evidence,
        int left,
        Optional<LogView> console,
        Optional<VerifierView> verifier,
        SourceView.Marks marks,
        List<SourceView> sources,
        List<FileLink> files) {
    /** From a run's folder to the report's. */
    public static final String ROOT = "../../../";

    private static final int EVIDENCE = 24;
    private static final int FILES = 200;
    private static final String VERIFIER = "verifier.log";

    public RunPage {
        figures = List.copyOf(figures);
        sources = List.copyOf(sources);
        evidence = List.copyOf(evidence);
        files = List.copyOf(files);
    }

    /** A file of the run. */
    public record FileLink(String name, long bytes) {
        public String size() {
            return bytes < 10_000
                    ? bytes + " bytes"
                    : bytes < 10_000_000 ? bytes / 1000 + " kB" : bytes / 1_000_000 + " MB";
        }
    }

    public RunRecord run() {
        return stored.run();
    }

    /** Reads what the folder of a run has, beside its record. */
    public static RunPage of(StoredRun stored, Path report) throws IOException {
        RunRecord run = stored.run();
        Path folder = report.resolve(RunFolder.name(run));
        List<Evidence> shown =
                run.evidence().subList(0, Math.min(EVIDENCE, run.evidence().size()));
        NavigableMap<Long, String> marks = new TreeMap<>();
        for (int i = 0; i < shown.size(); i++) {
            Evidence found = shown.get(i);
            if (found.source() == Source.CONSOLE && found.line().isPresent()) {
                marks.putIfAbsent(found.line().getAsLong(), "console-" + (i + 1));
            }
        }
        Optional<LogView> console = LogView.of(folder.resolve("console.log"), marks);
        List<EvidenceView> evidence = new ArrayList<>();
        for (int i = 0; i < shown.size(); i++) {
            evidence.add(EvidenceView.of(i + 1, shown.get(i), console.isPresent()));
        }
        Optional<VerifierView> verifier = VerifierView.of(
                folder.resolve(VERIFIER), run.evidence().stream().anyMatch(found -> found.source() == Source.VERIFIER));
        SourceView.Marks sources = new SourceView.Marks(folder);
        sources.add(shown);
        verifier.filter(log -> log.line() > 0).ifPresent(log -> sources.add(log.file(), log.line()));
        return new RunPage(
                stored,
                Sentence.of(run),
                Figure.of(shown),
                Timeline.of(run),
                evidence,
                run.evidence().size() - shown.size(),
                console,
                verifier,
                sources,
                sources.views(),
                files(folder));
    }

    private static List<FileLink> files(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        List<FileLink> links = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file :
                    files.filter(Files::isRegularFile).sorted().limit(FILES).toList()) {
                String name = file.getFileName().toString();
                if (!name.equals("index.html") && !name.endsWith(".part")) {
                    links.add(new FileLink(name, Files.size(file)));
                }
            }
        }
        return links;
    }

    /** Returns where the page shows the C of a frame; empty if it does not. */
    public String anchor(Frame frame) {
        return marks.anchor(frame).orElse("");
    }

    /** Returns where the page shows the C that the verifier refused; empty if it does not. */
    public String anchor(VerifierView refused) {
        return marks.anchor(refused.file(), refused.line()).orElse("");
    }

    public String title() {
        return run().verdict() + ": " + Words.shortened(run().reproducer()) + " on "
                + Words.shortened(run().kernel().shortName());
    }

    /** Returns the command that makes such a run; empty if that of its session says more than a reproducer of the catalogue and kernels. */
    public Optional<String> command() {
        return SessionCommand.ofOne(run());
    }

    /** Returns the command of the session that this run was of. */
    public Optional<String> calledWith() {
        return SessionCommand.of(run());
    }
}
