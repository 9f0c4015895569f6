// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.campaign.internal.hunt.HuntResult.Tried;
import io.ksplat.results.ReportMerge;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.RunFolder;
import io.ksplat.results.internal.StoredReport;
import io.ksplat.results.internal.campaign.CampaignFiles;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/** Joins what several hunts have found, and names what none has tried. The same for any order of the reports. */
public final class HuntMerge {
    private static final String HUNT = "hunt";

    private HuntMerge() {}

    /**
     * What several hunts have found.
     *
     * @param runs those of their reproducers
     * @param hunts what is known of each kernel
     */
    public record Joint(List<RunRecord> runs, List<HuntResult> hunts) {
        public Joint {
            runs = List.copyOf(runs);
            hunts = List.copyOf(hunts);
        }
    }

    /** Returns whether a report has a hunt. */
    public static boolean isOne(Path report) {
        return Files.isDirectory(report.resolve(HUNT));
    }

    /** Returns the folders of a report's kernels. */
    private static List<Path> kernels(Path report) throws IOException {
        List<Path> found = new ArrayList<>();
        if (isOne(report)) {
            try (DirectoryStream<Path> kernels = Files.newDirectoryStream(report.resolve(HUNT))) {
                for (Path kernel : kernels) {
                    if (Files.isRegularFile(kernel.resolve(HuntFile.NAME))) {
                        found.add(kernel);
                    }
                }
            }
        }
        return found;
    }

    /** Returns what a report says of each kernel. */
    public static List<HuntResult> results(Path report) throws IOException {
        List<HuntResult> results = new ArrayList<>();
        for (Path kernel : kernels(report)) {
            results.add(HuntFile.read(kernel.resolve(HuntFile.NAME)));
        }
        return results;
    }

    /** Joins hunts into a report, with their reproducers: see {@link #into(List, Function, Path)}. */
    public static Joint into(List<Path> reports, Path out) throws IOException {
        return into(reports, kernel -> List.of(), out);
    }

    /**
     * Joins hunts into a report, with their reproducers and the runs of these.
     *
     * @param missing returns the operations that were to be tried on a kernel spec by one that is not there
     * @throws IllegalArgumentException if two hunts on one kernel had other points, another seed or other operations
     */
    public static Joint into(List<Path> reports, Function<String, List<String>> missing, Path out) throws IOException {
        // A hunt that has found nothing leaves no run.
        List<Path> withRuns = new ArrayList<>();
        for (Path report : reports) {
            if (StoredReport.isIn(report)
                    || (kernels(report).isEmpty() && CampaignFiles.of(report).isEmpty())) {
                withRuns.add(report);
            }
        }
        List<RunRecord> runs = withRuns.isEmpty() ? List.of() : ReportMerge.of(withRuns, out);
        return new Joint(runs, hunts(reports, missing, out));
    }

    private static List<HuntResult> hunts(List<Path> reports, Function<String, List<String>> missing, Path out)
            throws IOException {
        Map<String, List<Path>> byKernel = new TreeMap<>();
        for (Path report : reports) {
            for (Path kernel : kernels(report)) {
                byKernel.computeIfAbsent(String.valueOf(kernel.getFileName()), name -> new ArrayList<>())
                        .add(kernel);
            }
        }
        List<HuntResult> joint = new ArrayList<>();
        for (Map.Entry<String, List<Path>> kernel : byKernel.entrySet()) {
            Path folder = Files.createDirectories(out.resolve(HUNT).resolve(kernel.getKey()));
            List<Path> parts = kernel.getValue().stream().sorted().toList();
            for (Path part : parts) {
                RunFolder.copy(part, folder);
            }
            HuntResult result = join(parts, missing);
            HuntFile.write(folder, result);
            joint.add(result);
        }
        return joint;
    }

    private static HuntResult join(List<Path> parts, Function<String, List<String>> missing) throws IOException {
        Map<String, Tried> tried = new LinkedHashMap<>();
        Set<String> meant = new LinkedHashSet<>();
        List<HuntResult> results = new ArrayList<>();
        for (Path part : parts) {
            HuntResult result = HuntFile.read(part.resolve(HuntFile.NAME));
            results.add(result);
            if (!result.basis().equals(results.get(0).basis())) {
                throw new IllegalArgumentException(parts.get(0) + " and " + part + " are of different hunts: of another"
                        + " kernel, with other --points, another --seed or other operations; hunt again, or join one"
                        + " after the other");
            }
            for (Tried one : result.operations()) {
                tried.merge(one.name(), one, (known, other) -> known.failed() ? other : known);
            }
            meant.addAll(result.untried());
        }
        HuntResult first = results.get(0);
        meant.addAll(Operations.inOrder(missing.apply(first.kernel())));
        List<Tried> inOrder =
                Operations.inOrder(tried.keySet()).stream().map(tried::get).toList();
        return new HuntResult(
                first.kernel(),
                first.seed(),
                first.basis(),
                inOrder,
                meant.stream().filter(name -> !tried.containsKey(name)).toList(),
                first.uncovered(),
                first.destructors());
    }
}
