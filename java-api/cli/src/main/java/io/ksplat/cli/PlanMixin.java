// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.fleet.FleetPlan;
import io.ksplat.campaign.internal.fleet.FleetUnit;
import io.ksplat.campaign.internal.fleet.FleetWork;
import io.ksplat.campaign.internal.fleet.HuntWork;
import io.ksplat.campaign.internal.fleet.PlanReport;
import io.ksplat.campaign.internal.fleet.PlannedKernels;
import io.ksplat.campaign.internal.fleet.RunWork;
import io.ksplat.campaign.internal.fleet.ShardName;
import io.ksplat.campaign.internal.fleet.ShardRun;
import io.ksplat.campaign.internal.fleet.Shares;
import io.ksplat.campaign.internal.fleet.SweepWork;
import io.ksplat.campaign.internal.fleet.UnitWork;
import io.ksplat.campaign.internal.hunt.HuntMerge;
import io.ksplat.campaign.internal.hunt.HuntResult;
import io.ksplat.campaign.internal.hunt.Operations;
import io.ksplat.campaign.internal.soak.SoakResult;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Session;
import io.ksplat.engine.SessionOptions;
import io.ksplat.engine.internal.TerminalProgress;
import io.ksplat.results.ResultsReader;
import io.ksplat.results.RunRecord;
import io.ksplat.results.RunText;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code run --plan}: a share of a plan that another machine made. */
final class PlanMixin {
    private static final Set<String> OWN = Set.of("--plan", "--shard", "--resume", "--report", "--jobs");

    @Option(
            names = "--plan",
            paramLabel = "FILE",
            description =
                    "Run a share of the plan that ksplat plan --json printed; what the plan says is not said again.")
    private @Nullable Path plan;

    @Option(
            names = "--shard",
            paramLabel = "I/N",
            description = "With --plan: the share, 2/8 for the second of eight; auto: as Slurm, Kubernetes, GitLab,"
                    + " Buildkite or CircleCI number this job. Default: all of it.")
    private @Nullable String shard;

    @Option(names = "--resume", description = "With --plan: pass over the units that the report has already.")
    private boolean resume;

    boolean isGiven() {
        return plan != null;
    }

    /** Refuses what is of no use here. */
    void check(CommandSpec spec, List<String> words) {
        if (plan == null) {
            if (shard != null || resume) {
                throw new ParameterException(
                        spec.commandLine(), "--shard and --resume are of a plan: name it with --plan");
            }
            return;
        }
        if (!words.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "the plan says what is run: leave out " + String.join(", ", words));
        }
        for (OptionSpec option : spec.commandLine().getParseResult().matchedOptions()) {
            if (!OWN.contains(option.longestName())) {
                throw new ParameterException(
                        spec.commandLine(),
                        "the plan says how it is run: leave out " + option.longestName() + ", or plan again with it");
            }
        }
    }

    /** Runs the share, and returns the exit code. */
    int run(CommandSpec spec, Path folder, int jobs) throws Exception {
        FleetPlan planned = FleetPlan.read(plan == null ? Path.of("") : plan);
        ShardName name = shard == null ? new ShardName(1, 1) : ShardName.parse(shard, System.getenv());
        List<FleetUnit> share = Shares.of(planned, name.of()).get(name.index() - 1);
        PrintWriter err = spec.commandLine().getErr();
        PrintWriter out = spec.commandLine().getOut();
        TerminalProgress progress = TerminalProgress.on(err);
        SessionOptions options = SessionOptions.standard(progress)
                .withAccelerator(planned.settings().accelerator())
                .calledWith(Main.arguments(spec));
        if (!planned.tool().equals(SessionOptions.VERSION)) {
            throw new IllegalArgumentException("ksplat " + planned.tool() + " made the plan, and this is "
                    + SessionOptions.VERSION + ": use one version on all machines");
        }
        var entries = PlanWords.entries(planned);
        PlanReport report = PlanReport.open(folder.toAbsolutePath().normalize(), planned, name, share);
        boolean whole;
        try (Session session = Session.openUntilSignal(options)) {
            PlannedKernels.fetch(planned, share, progress);
            session.keepReady(planned.hasRuns() ? jobs : 0);
            whole = new ShardRun(report, name, session::isInterrupted, new ShardRun.Listener() {
                        @Override
                        public void passed(FleetUnit unit) {
                            progress.clear();
                            out.println(planned.words(unit) + ": done before");
                            out.flush();
                        }

                        @Override
                        public void ended(FleetUnit unit, UnitWork.Done done, int begun, boolean first) {
                            progress.clear();
                            done.failures().forEach(failure -> err.println("ksplat: " + ErrorGuide.told(failure)));
                            err.flush();
                            done.runs().forEach(run -> out.print(RunText.of(run, report.unit(unit))));
                            done.lines().forEach(out::println);
                            out.println(planned.words(unit)
                                    + (first ? "" : ": another run of it was faster, and its report stays")
                                    + (begun > 1 ? ": begun " + begun + " times" : ""));
                            out.flush();
                        }
                    })
                    .run(share, resume, jobs, workers(planned, session, entries, progress));
            progress.clear();
        }
        out.println(
                "shard " + name + ", " + share.size() + " of " + planned.units().size() + " units: "
                        + (whole ? "all are done" : "not all are done") + "; join with: " + join(folder));
        out.flush();
        return whole ? code(report, planned, share) : Exit.HARNESS;
    }

    /** Returns what makes that which does the units, for each job. */
    private static Supplier<UnitWork> workers(
            FleetPlan plan, Session session, Map<String, List<Catalogue.Entry>> entries, TerminalProgress progress) {
        if (plan.work() instanceof FleetWork.Hunt hunt) {
            return () -> new HuntWork(hunt, report -> HuntCommand.hunt(Operations.known(), report, progress));
        }
        if (plan.work() instanceof FleetWork.Sweep sweep) {
            Catalogue.Entry swept = entries.values().iterator().next().get(0);
            return () -> new SweepWork(sweep, swept, new EntryRunner(), progress);
        }
        return () -> new RunWork(session, settings(plan), entries, new EntryRunner());
    }

    /** Returns the command that joins reports, one of which is in the folder. */
    static String join(Path folder) {
        return "ksplat merge " + folder + " --report joint";
    }

    private static int code(PlanReport report, FleetPlan plan, List<FleetUnit> share) throws IOException {
        List<RunRecord> runs = new ArrayList<>();
        List<HuntResult> hunts = new ArrayList<>();
        for (FleetUnit unit : share) {
            Path own = report.unit(unit);
            if (plan.work() instanceof FleetWork.Hunt) {
                hunts.addAll(HuntMerge.results(own));
            } else if (plan.hasRuns()) {
                runs.addAll(ResultsReader.read(own));
            }
        }
        return share.isEmpty() ? Exit.EXPECTED : code(plan.work(), runs, hunts, Exit.of(runs));
    }

    /**
     * Returns the exit code of units that are all there.
     *
     * @param ofRuns that of their runs, if these are not of a soak or a hunt
     */
    static int code(FleetWork work, List<RunRecord> runs, List<HuntResult> hunts, int ofRuns) {
        if (work instanceof FleetWork.Hunt) {
            return hunts.stream().anyMatch(HuntResult::hasFailed)
                    ? Exit.HARNESS
                    : hunts.stream().anyMatch(HuntResult::hasNews) ? Exit.UNEXPECTED : Exit.EXPECTED;
        }
        if (work instanceof FleetWork.Soak) {
            return SoakCommand.code(new SoakResult(runs, List.of(), List.of()));
        }
        return work instanceof FleetWork.Sweep ? Exit.EXPECTED : ofRuns;
    }

    private static RunSettings settings(FleetPlan plan) {
        FleetPlan.Settings said = plan.settings();
        return AttemptsMixin.settings(
                said.expect().orElse(null), said.nmi().orElse(null), said.fresh(), said.busySeconds());
    }
}
