// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.Trial;
import io.ksplat.campaign.internal.bisect.BisectGoal;
import io.ksplat.campaign.internal.bisect.Bisection;
import io.ksplat.campaign.internal.bisect.Bisector;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.Session;
import io.ksplat.engine.internal.TerminalProgress;
import io.ksplat.results.internal.campaign.CampaignFiles;
import io.ksplat.results.internal.wire.CampaignJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Mixin
    private ReproducerMixin reproducer = new ReproducerMixin();

    @Option(names = "--good", paramLabel = "SPEC", required = true, description = "A kernel without the bug.")
    private String good = "";

    @Option(names = "--bad", paramLabel = "SPEC", required = true, description = "A kernel with it.")
    private String bad = "";

    @Option(
            names = "--find",
            paramLabel = "WHAT",
            defaultValue = "cause",
            description = "cause (the good end is older) or cure (the bad end is older); default cause.")
    private BisectGoal find = BisectGoal.CAUSE;

    @Option(
            names = "--jobs",
            paramLabel = "N",
            defaultValue = "1",
            description = "Kernels to look at at the same time, default 1; with --through: attempts at a time.")
    private int jobs;

    @Mixin
    private ThroughMixin through = new ThroughMixin();

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

    @Mixin
    private ProfileMixin profile = new ProfileMixin();

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
            description = "State file of a tree bisection; run again with it to resume. Default ksplat-bisect.json.")
    private Path stateFile = Path.of("ksplat-bisect.json");

    @Option(names = "--look", description = "Only tell how far the bisection of the state file is.")
    private boolean look;

    @Mixin
    private SessionMixin options = new SessionMixin();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        if (jobs < 1 || !(error > 0 && error < 0.5)) {
            throw new ParameterException(spec.commandLine(), "--jobs is at least 1, --error between 0 and 0.5");
        }
        through.check(spec, jobs);
        options.checkOn(spec, through.isGiven(), jobs);
        Reproducers.Choice choice = reproducer.choice(spec);
        Catalogue.Entry entry = choice.only();
        TerminalProgress progress = TerminalProgress.on(spec.commandLine().getErr());
        Bisector bisector =
                new Bisector(new Bisector.Question(entry.fullId(), choice.digest(), good, bad, find, error), progress);
        Path searched = tree;
        return searched == null
                ? prebuilt(bisector, choice, entry, progress)
                : inTree(
                        bisector,
                        new Bisector.Commits(
                                searched, profile.name(), options.fragments(), paths, firstParent, stateFile),
                        choice,
                        entry,
                        progress);
    }

    private int prebuilt(Bisector bisector, Reproducers.Choice choice, Catalogue.Entry entry, TerminalProgress progress)
            throws Exception {
        options.checkConfig(List.of(good, bad));
        Bisector.Answer answer;
        try (OpenTrials trials =
                new OpenTrials(options, options.options(progress, spec), through.open(options.report(), jobs))) {
            answer = bisector.prebuilt(trial(trials, choice, entry, progress), jobs);
        }
        return end(entry.fullId(), answer, progress);
    }

    private Trial trial(OpenTrials trials, Reproducers.Choice choice, Catalogue.Entry entry, TerminalProgress progress)
            throws IOException {
        tell(trials.session(), progress);
        return trials.of(choice, List.of(entry), reproducer.program(spec)).get(0);
    }

    private int inTree(
            Bisector bisector,
            Bisector.Commits commits,
            Reproducers.Choice choice,
            Catalogue.Entry entry,
            TerminalProgress progress)
            throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        if (look) {
            String text = bisector.look(commits);
            progress.clear();
            out.print(text);
            out.flush();
            return Exit.EXPECTED;
        }
        List<OpenTrials> opened = new ArrayList<>();
        Bisector.Answer answer;
        try {
            answer = bisector.inTree(commits, options.options(progress, spec), timed -> {
                OpenTrials trials = new OpenTrials(options, timed, through.open(options.report(), jobs));
                opened.add(trials);
                return trial(trials, choice, entry, progress);
            });
        } finally {
            for (OpenTrials trials : opened) {
                trials.close();
            }
        }
        int code = end(entry.fullId(), answer, progress);
        if (!json) {
            out.print(answer.look());
            out.flush();
        }
        return code;
    }

    private void tell(Session session, TerminalProgress progress) throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        session.report(options.settings().report()).listen(run -> {
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

    private int end(String id, Bisector.Answer answer, TerminalProgress progress) throws IOException {
        progress.clear();
        Bisection found = answer.bisection();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(CampaignJson.line(answer.record()));
        } else {
            print(out, id, found, answer.remark());
        }
        out.flush();
        CampaignFiles.write(options.report().toAbsolutePath(), answer.record());
        ReportPages.write(options.report(), spec.commandLine().getErr());
        return found.found() ? Exit.EXPECTED : Exit.UNEXPECTED;
    }

    private void print(PrintWriter out, String id, Bisection found, String remark) {
        String word = find == BisectGoal.CURE ? "cured" : "broken";
        if (found.found() && found.commit().isPresent()) {
            out.printf("%s: %s by %s%n", id, word, found.commit().get());
        } else if (!found.found()) {
            out.println(id + ": cannot tell");
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
