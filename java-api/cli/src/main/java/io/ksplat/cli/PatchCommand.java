// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.Trial;
import io.ksplat.campaign.internal.patch.AskedSeries;
import io.ksplat.campaign.internal.patch.PatchResult;
import io.ksplat.campaign.internal.patch.PatchVerdict;
import io.ksplat.campaign.internal.patch.SeriesTrial;
import io.ksplat.engine.internal.TerminalProgress;
import io.ksplat.results.internal.wire.CampaignJson;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
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
        exitCodeList = {
            "0:CURES; with --all, also CHANGES NOTHING",
            "1:any other verdict",
            "2:usage",
            "3:the harness failed"
        })
final class PatchCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(
            paramLabel = "[REPRODUCER] SERIES",
            description =
                    "The reproducer, if neither --reproducer nor --all is given, and mails with patches: files of git format-patch, mboxes of"
                            + " b4 am or of an archive, folders.")
    private List<String> words = List.of();

    @Option(names = "--tree", paramLabel = "PATH", required = true, description = "A kernel tree; it is only read.")
    private Path tree = Path.of("");

    @Option(
            names = "--message-id",
            paramLabel = "ID",
            description =
                    "Instead of SERIES: has b4 fetch the series that this mail is of, as b4 is set up in the tree.")
    private @Nullable String messageId;

    @Option(
            names = "--mail",
            paramLabel = "FILE",
            description = "Also write the answer to the series as a mail, with Tested-by if the verdict is CURES.")
    private @Nullable Path mail;

    @Option(names = "--each", description = "Try the series after each of its patches, too.")
    private boolean each;

    @Mixin
    private SeriesMixin series = new SeriesMixin();

    @Option(
            names = "--jobs",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "With --through: attempts at a time, some of them ahead of what is known to be needed; default 1.")
    private int jobs;

    @Mixin
    private ThroughMixin through = new ThroughMixin();

    @Mixin
    private SessionMixin options = new SessionMixin();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        boolean first = !series.namesReproducers();
        List<String> own = ProgramMixin.own(spec, words);
        List<Path> mails = own.stream().skip(first ? 1 : 0).map(Path::of).toList();
        if ((first && own.isEmpty()) || mails.isEmpty() == (messageId == null)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "a reproducer and one series are needed: ksplat patch REPRODUCER SERIES, or --message-id ID for"
                            + " SERIES");
        }
        if (mail != null && !Files.isDirectory(mail.toAbsolutePath().resolveSibling(""))) {
            throw new ParameterException(spec.commandLine(), "--mail " + mail + ": there is no such folder");
        }
        through.check(spec, jobs);
        options.checkOn(spec, through.isGiven(), jobs);
        if (jobs > 1 && !through.isGiven()) {
            throw new ParameterException(spec.commandLine(), "--jobs goes with --through: here the sides take turns");
        }
        List<Reproducers.Choice> chosen = series.choices(spec, first ? own.subList(0, 1) : List.of());
        SeriesTrial.Question question = series.question(spec, tree, Optional.empty(), each)
                .naming(chosen.stream().map(Reproducers.Choice::word).toList());
        TerminalProgress progress = TerminalProgress.on(spec.commandLine().getErr());
        if (messageId == null) {
            return run(SeriesTrial.of(question, mails, options.fragments(), progress), chosen, progress);
        }
        try (AskedSeries fetched = AskedSeries.fetch(messageId, tree, progress)) {
            return run(SeriesTrial.of(question, fetched.mails(), options.fragments(), progress), chosen, progress);
        }
    }

    private int run(SeriesTrial trial, List<Reproducers.Choice> chosen, TerminalProgress progress) throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        boolean good;
        try (OpenTrials open =
                new OpenTrials(options, options.options(progress, spec), through.open(options.report(), jobs))) {
            Path folder = open.session().report(options.settings().report()).folder();
            List<Trial> trials = new ArrayList<>();
            for (Reproducers.Choice choice : chosen) {
                trials.addAll(open.of(choice, choice.entries(), series.program(spec)));
            }
            PatchResult result = trial.run(trials, (name, verdict) -> {
                progress.clear();
                if (each && !json) {
                    out.printf(Locale.ROOT, "%s  after patch %s%n", verdict, name);
                }
            });
            String text = trial.write(result, folder);
            if (mail != null) {
                Files.writeString(mail, trial.mail(result));
            }
            out.println(json ? CampaignJson.line(trial.record(result)) : text);
            if (!json) {
                out.println("Report: " + options.report());
            }
            out.flush();
            good = result.verdict() == PatchVerdict.CURES || result.verdict() == PatchVerdict.CHANGES_NOTHING;
        }
        ReportPages.write(options.report(), spec.commandLine().getErr());
        return good ? Exit.EXPECTED : Exit.UNEXPECTED;
    }
}
