// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.Catalogue;
import io.ksplat.campaign.LabTrial;
import io.ksplat.campaign.Trial;
import io.ksplat.campaign.patch.PatchResult;
import io.ksplat.campaign.patch.PatchTrial;
import io.ksplat.campaign.patch.PatchVerdict;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.internal.build.BuildFailedException;
import io.ksplat.kernel.internal.build.KernelTree;
import io.ksplat.kernel.internal.build.PatchSeries;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "patch",
        description = "Tells what a series of patches does to a bug: cures it, does not, or breaks something.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:CURES", "1:any other verdict", "2:usage", "3:the harness failed"})
final class PatchCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(
            paramLabel = "SERIES",
            arity = "1..*",
            description = "Mails with patches: files of git format-patch, mboxes of b4 am or of an archive, folders.")
    private List<Path> mails = List.of();

    @Option(names = "--tree", paramLabel = "PATH", required = true, description = "A kernel tree; it is only read.")
    private Path tree = Path.of("");

    @Option(
            names = "--base",
            paramLabel = "REV",
            defaultValue = "HEAD",
            description = "Where it applies, default HEAD.")
    private String base = "HEAD";

    @Option(
            names = "--reproducer",
            paramLabel = "ID",
            required = true,
            description = "May be given several times: what has no bug on the base has to stay so.")
    private List<String> reproducers = List.of();

    @Option(names = "--profile", paramLabel = "NAME", defaultValue = "lockdep", description = "Default lockdep.")
    private String profile = "lockdep";

    @Option(names = "--each", description = "Try the series after each of its patches, too.")
    private boolean each;

    @Option(
            names = "--error",
            paramLabel = "RATE",
            defaultValue = "0.05",
            description = "How probable a wrong verdict may be, default 0.05.")
    private double error;

    @Option(
            names = "--most",
            paramLabel = "N",
            defaultValue = "100",
            description = "Runs of each kernel after which it cannot be told, default 100.")
    private int most;

    @Mixin
    private LaboratoryOptions options = new LaboratoryOptions();

    @Option(names = "--json", description = "For machines.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        if (most < 1 || !(error > 0 && error < 0.5)) {
            throw new ParameterException(spec.commandLine(), "--most is at least 1, --error between 0 and 0.5");
        }
        Catalogue catalogue = Catalogue.load();
        List<Catalogue.Entry> chosen = reproducers.stream().map(catalogue::find).toList();
        Progress progress = Progress.on(spec.commandLine().getErr());
        Path scratch = Files.createTempDirectory("ksplat-patch-");
        try {
            return trial(chosen, PatchSeries.read(mails, scratch), progress);
        } finally {
            delete(scratch);
        }
    }

    private int trial(List<Catalogue.Entry> chosen, PatchSeries series, Progress progress) throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        series.remarks().forEach(progress::report);
        KernelTree opened = KernelTree.open(Cache.standard(), tree);
        KernelTree.Commit on = opened.commit(base);
        List<String> commits = opened.apply(on.id(), series);
        Kernels kernels = new Kernels(Cache.standard());
        KernelSpec without = at(on.id());
        progress.report("building the base, " + on);
        kernels.resolve(without, progress);
        try (Laboratory laboratory = options.open(progress)) {
            List<Trial> trials = chosen.stream()
                    .<Trial>map(entry -> new LabTrial(laboratory.lab(), laboratory.report(), entry, Map.of()))
                    .toList();
            PatchResult result = PatchResult.cannotTell("nothing was tried");
            for (int i = each ? 0 : commits.size() - 1; i < commits.size(); i++) {
                String name = (i + 1) + "/" + commits.size() + " \""
                        + series.patches().get(i).subject() + "\"";
                result = compare(kernels, trials, without, at(commits.get(i)), name, progress);
                progress.clear();
                if (each && !json) {
                    out.printf(Locale.ROOT, "%s  after patch %s%n", result.verdict(), name);
                }
            }
            String text = result.text() + "\n"
                    + result.testedBy(
                            opened.user().orElse("Your Name <you@example.org>"), describe(on), describe(series));
            Files.writeString(laboratory.report().folder().resolve("patch.txt"), text);
            out.println(json ? result.json().toString() : text);
            if (!json) {
                out.println("Report: " + options.report());
            }
            out.flush();
            return result.verdict() == PatchVerdict.CURES ? Exit.EXPECTED : Exit.UNEXPECTED;
        }
    }

    private PatchResult compare(
            Kernels kernels, List<Trial> trials, KernelSpec without, KernelSpec with, String name, Progress progress)
            throws KernelException, InterruptedException {
        progress.report("building with patch " + name);
        try {
            kernels.resolve(with, progress);
        } catch (BuildFailedException e) {
            return PatchResult.cannotTell("with patch " + name + " " + e.getMessage());
        }
        return new PatchTrial(trials, without, with, error, most, progress).run();
    }

    private KernelSpec at(String commit) {
        return new KernelSpec.Tree(tree, Optional.of(commit), profile);
    }

    private String describe(KernelTree.Commit on) {
        return "base " + on + ", profile " + profile;
    }

    private static String describe(PatchSeries series) {
        return series.patches().stream()
                .map(patch -> "\"" + patch.subject() + "\"")
                .collect(Collectors.joining(
                        ",\n", "Series of " + series.patches().size() + ": ", ""));
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
