// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.campaign.internal.hunt.HuntResult.Answer;
import io.ksplat.campaign.internal.hunt.HuntResult.Finding;
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
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Joins what several hunts have found, and names what none has tried. The same for any order of the reports. */
public final class HuntMerge {
    private static final String HUNT = "hunt";

    /** Of two hunts with one basis. SAFE comes last: it is the answer only if nobody says anything else. */
    private static final List<Answer> WORST_FIRST = List.of(
            Answer.DEADLOCK,
            Answer.CRASH,
            Answer.INCONCLUSIVE,
            Answer.UNSUPPORTED,
            Answer.REJECTED,
            Answer.REFUSED,
            Answer.UNRELATED,
            Answer.SAFE);

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
        Map<String, List<Tried>> tried = new LinkedHashMap<>();
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
                tried.computeIfAbsent(one.name(), name -> new ArrayList<>()).add(one);
            }
            meant.addAll(result.untried());
        }
        HuntResult first = results.get(0);
        meant.addAll(Operations.inOrder(missing.apply(first.kernel())));
        List<Tried> inOrder = Operations.inOrder(tried.keySet()).stream()
                .map(tried::get)
                .map(HuntMerge::agreed)
                .toList();
        return new HuntResult(
                first.kernel(),
                first.seed(),
                first.basis(),
                inOrder,
                meant.stream().filter(name -> !tried.containsKey(name)).toList(),
                first.uncovered(),
                first.destructors());
    }

    /** Returns the worst answer about one operation, with what all of them found. One of a ksplat that failed counts only for its findings. */
    private static Tried agreed(List<Tried> all) {
        List<Tried> told = all.stream()
                .filter(one -> !one.failed() || !one.findings().isEmpty())
                .toList();
        List<Tried> worstFirst = (told.isEmpty() ? all : told)
                .stream()
                        .distinct()
                        .sorted(Comparator.comparingInt((Tried one) -> WORST_FIRST.indexOf(one.answer()))
                                // Anything that does not depend on the order of the reports.
                                .thenComparing(Tried::toString))
                        .toList();
        Tried worst = worstFirst.get(0);
        Map<List<String>, Finding> findings = new LinkedHashMap<>();
        worstFirst.forEach(one ->
                one.findings().forEach(found -> findings.putIfAbsent(List.of(found.lock(), found.signature()), found)));
        String others = worstFirst.stream()
                .map(Tried::answer)
                .filter(answer -> answer != worst.answer())
                .distinct()
                .map(Answer::name)
                .collect(Collectors.joining(", "));
        return new Tried(
                worst.name(),
                worst.mode(),
                worst.answer(),
                worst.instructions(),
                worst.points(),
                worst.succeeded(),
                worst.locks(),
                List.copyOf(findings.values()),
                others.isEmpty()
                        ? worst.message()
                        : Optional.of(worst.message().map(why -> why + "; ").orElse("") + "other hunts say " + others),
                all.stream().allMatch(Tried::failed));
    }
}
