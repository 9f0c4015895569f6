// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.Bug;
import io.ksplat.campaign.internal.bisect.TreeStep;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.Runner;
import io.ksplat.engine.Session;
import io.ksplat.engine.internal.TerminalProgress;
import io.ksplat.results.ResultsReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The exit codes are git's, so that whatever goes wrong here never looks like a bad kernel. */
@Command(
        name = "bisect-step",
        description =
                "Builds what is checked out and tells whether it has the bug: the command for your own git bisect run.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:good", "1:bad", "125:cannot be told, skip it", "128:stop, the harness failed"})
final class BisectStepCommand implements Callable<Integer> {
    static final String NAME = "bisect-step";
    static final int GOOD = 0;
    /** The launcher asks for another one, since a Java that does not start ends with 1, too. */
    static final int BAD = Integer.getInteger("ksplat.bad", 1);

    static final int SKIP = 125;
    static final int STOP = 128;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Mixin
    private ReproducerMixin reproducer = new ReproducerMixin();

    @Option(names = "--tree", paramLabel = "PATH", description = "A kernel tree, as it lies there; default: here.")
    private Path tree = Path.of("");

    @Mixin
    private ProfileMixin profile = new ProfileMixin();

    @Option(
            names = "--runs",
            paramLabel = "N",
            defaultValue = "3",
            description = "Clean runs that make a kernel good, default 3.")
    private int runs;

    @Option(
            names = "--signature",
            paramLabel = "TEXT",
            description = "The bug's, as results.json has it; may be given several times.")
    private List<String> signatures = List.of();

    @Option(names = "--like", paramLabel = "REPORT", description = "Instead: the report of a run that showed the bug.")
    private @Nullable Path like;

    @Mixin
    private SessionMixin options = new SessionMixin();

    @Override
    public Integer call() throws Exception {
        Catalogue.Entry entry = reproducer.choice(spec).only();
        Bug bug = bug(entry.fullId());
        TerminalProgress progress = TerminalProgress.on(spec.commandLine().getErr());
        TreeStep step = new TreeStep(tree, profile.name());
        PrintWriter out = spec.commandLine().getOut();
        Optional<TreeStep.Answer> broken = step.build(options.fragments(), progress);
        if (broken.isPresent()) {
            return told(out, broken.get());
        }
        try (Session session = Session.openUntilSignal(options.options(progress, spec));
                Runner runner = new EntryRunner()) {
            TreeStep.Answer answer = step.run(options.trial(session, runner, entry), entry.fullId(), bug, runs);
            progress.clear();
            return told(out, answer);
        }
    }

    private static int told(PrintWriter out, TreeStep.Answer answer) {
        out.println(switch (answer.outcome()) {
                    case GOOD -> "good: ";
                    case BAD -> "bad: ";
                    case SKIP -> "cannot tell: ";
                }
                + answer.why());
        out.flush();
        return switch (answer.outcome()) {
            case GOOD -> GOOD;
            case BAD -> BAD;
            case SKIP -> SKIP;
        };
    }

    private Bug bug(String id) throws IOException {
        Bug bug = new Bug(Set.copyOf(signatures));
        if (like != null) {
            bug = bug.asIn(ResultsReader.read(like), id);
        }
        if (bug.signatures().isEmpty() || runs < 1) {
            throw new ParameterException(
                    spec.commandLine(),
                    "which bug? name its --signature, or --like REPORT where " + id
                            + " showed it; and --runs is at least 1");
        }
        return bug;
    }
}
