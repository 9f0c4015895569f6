// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.Catalogue;
import io.ksplat.campaign.LabTrial;
import io.ksplat.campaign.Trial;
import io.ksplat.campaign.bisect.Assay;
import io.ksplat.campaign.bisect.BisectState;
import io.ksplat.campaign.bisect.Bisection;
import io.ksplat.campaign.bisect.Find;
import io.ksplat.campaign.bisect.PrebuiltBisection;
import io.ksplat.campaign.bisect.PrebuiltKernels;
import io.ksplat.campaign.bisect.Split;
import io.ksplat.campaign.bisect.TreeBisection;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.internal.build.KernelTree;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "bisect",
        description =
                "Finds where a bug came, or went: among the prebuilt kernels between two of them, or the commits of a tree.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:found", "1:cannot be told", "2:usage", "3:the harness failed"})
final class BisectCommand implements Callable<Integer> {
    /** Kernels that a bisection calls good on its way, each of which may be called so wrongly. */
    private static final int GOOD_ONES = 5;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(names = "--reproducer", paramLabel = "ID", required = true, description = "See: ksplat list.")
    private String reproducer = "";

    @Option(names = "--good", paramLabel = "SPEC", required = true, description = "A kernel without the bug.")
    private String good = "";

    @Option(names = "--bad", paramLabel = "SPEC", required = true, description = "A kernel with it.")
    private String bad = "";

    @Option(
            names = "--find",
            paramLabel = "WHAT",
            defaultValue = "cause",
            description = "cause (the good end is older) or cure (the bad end is older); default cause.")
    private Find find = Find.CAUSE;

    @Option(
            names = "--jobs",
            paramLabel = "N",
            defaultValue = "1",
            description = "Kernels to look at at the same time, default 1.")
    private int jobs;

    @Option(
            names = "--error",
            paramLabel = "RATE",
            defaultValue = "0.05",
            description = "How probable a wrong answer may be, default 0.05.")
    private double error;

    @Option(
            names = "--tree",
            paramLabel = "PATH",
            description = "A kernel tree, which is only read; the ends are then revisions of it.")
    private @Nullable Path tree;

    @Option(names = "--profile", paramLabel = "NAME", defaultValue = "lockdep", description = "Default lockdep.")
    private String profile = "lockdep";

    @Option(
            names = "--path",
            paramLabel = "PATH",
            description = "Only commits that change something there; may be given several times.")
    private List<String> paths = List.of();

    @Option(names = "--first-parent", description = "Stop at the merge that brought it.")
    private boolean firstParent;

    @Option(
            names = "--state",
            paramLabel = "FILE",
            description =
                    "Where a bisection in a tree is kept, so that it can be stopped and gone on with; default ksplat-bisect.json.")
    private Path stateFile = Path.of("ksplat-bisect.json");

    @Option(names = "--look", description = "Only tell how far the bisection of the state file is.")
    private boolean look;

    @Mixin
    private LaboratoryOptions options = new LaboratoryOptions();

    @Option(names = "--json", description = "For machines.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        if (jobs < 1 || !(error > 0 && error < 0.5)) {
            throw new ParameterException(spec.commandLine(), "--jobs is at least 1, --error between 0 and 0.5");
        }
        Catalogue.Entry entry = Catalogue.load().find(reproducer);
        Progress progress = Progress.on(spec.commandLine().getErr());
        Path searched = tree;
        return searched == null ? prebuilt(entry, progress) : inTree(searched, entry, progress);
    }

    private int prebuilt(Catalogue.Entry entry, Progress progress) throws Exception {
        KernelSpec older = KernelSpec.parse(find == Find.CAUSE ? good : bad);
        KernelSpec newer = KernelSpec.parse(find == Find.CAUSE ? bad : good);
        List<KernelSpec> available = new Kernels(Cache.standard())
                .available(progress).stream().map(Kernels.Available::spec).toList();
        PrebuiltKernels between = PrebuiltKernels.between(available, older, newer);
        try (Laboratory laboratory = options.open(progress)) {
            tell(laboratory, progress);
            Trial trial = new LabTrial(laboratory.lab(), laboratory.report(), entry, Map.of());
            Assay assay = new Assay(trial, reproducer, error / GOOD_ONES);
            Bisection found = new PrebuiltBisection(assay, between, find, jobs, progress).run();
            return end(found, "the bug showed in " + assay.rate() + " runs of the bad end", progress);
        }
    }

    private int inTree(Path searched, Catalogue.Entry entry, Progress progress) throws Exception {
        KernelTree opened = KernelTree.open(Cache.standard(), searched);
        BisectState.Question question = new BisectState.Question(
                opened.path().toString(),
                reproducer,
                profile,
                find,
                opened.commit(good).id(),
                opened.commit(bad).id(),
                firstParent,
                paths);
        Split split = new Split(progress);
        Kernels kernels = new Kernels(Cache.standard());
        if (look) {
            progress.clear();
            PrintWriter out = spec.commandLine().getOut();
            out.print(TreeBisection.open(file(), question, opened, kernel -> {}, (kernel, n) -> List.of(), split, error)
                    .look());
            out.flush();
            return Exit.EXPECTED;
        }
        try (Laboratory laboratory = options.open(split)) {
            tell(laboratory, progress);
            TreeBisection bisection = TreeBisection.open(
                    file(),
                    question,
                    opened,
                    kernel -> kernels.resolve(kernel, split),
                    new LabTrial(laboratory.lab(), laboratory.report(), entry, Map.of()),
                    split,
                    error);
            Bisection found = bisection.run();
            int code = end(
                    found, "the state is in " + stateFile + ", for git in " + BisectState.logOf(stateFile), progress);
            if (!json) {
                PrintWriter out = spec.commandLine().getOut();
                out.print(bisection.look());
                out.flush();
            }
            return code;
        }
    }

    private Path file() {
        return stateFile.toAbsolutePath();
    }

    private void tell(Laboratory laboratory, Progress progress) {
        PrintWriter err = spec.commandLine().getErr();
        laboratory.report().listen(run -> {
            progress.clear();
            err.printf(
                    Locale.ROOT,
                    "%-10s %s, attempt %d, %.1f s%n",
                    run.verdict(),
                    run.kernel().release().isEmpty() || tree != null
                            ? run.kernel().spec()
                            : run.kernel().release(),
                    run.attempt(),
                    run.timings().totalMs() / 1000.0);
            err.flush();
        });
    }

    private int end(Bisection found, String remark, Progress progress) {
        progress.clear();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(found.json());
        } else {
            print(out, found, remark);
        }
        out.flush();
        return found.found() ? Exit.EXPECTED : Exit.UNEXPECTED;
    }

    private void print(PrintWriter out, Bisection found, String remark) {
        String word = find == Find.CURE ? "cured" : "broken";
        if (found.found() && found.commit().isPresent()) {
            out.printf("%s: %s by %s%n", reproducer, word, found.commit().get());
        } else if (!found.found()) {
            out.println(reproducer + ": cannot tell");
        }
        found.to().ifPresent(end -> out.printf("  %s with     %s (%s)%n", word, end.spec(), end.release()));
        found.from().ifPresent(end -> out.printf("  and not yet with %s (%s)%n", end.spec(), end.release()));
        found.remarks().forEach(line -> out.println("  " + line));
        found.skipped().forEach(each -> out.println("  cannot tell " + each.what() + ": " + each.reason()));
        out.printf(
                Locale.ROOT,
                "  %d runs; %s; wrong with a probability of %.3f at most%n",
                found.runs(),
                remark,
                found.errorBound());
        out.println("Report: " + options.report());
    }
}
