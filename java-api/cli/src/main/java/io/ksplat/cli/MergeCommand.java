// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.fleet.PlanMerge;
import io.ksplat.campaign.internal.fleet.PlanReport;
import io.ksplat.campaign.internal.hunt.HuntMerge;
import io.ksplat.campaign.internal.hunt.HuntResult;
import io.ksplat.results.ReportMerge;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.KnownReports;
import io.ksplat.results.internal.News;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "merge",
        description =
                "Joins reports; the same run twice counts once. Of the shards of a plan or of a hunt, tells what is missing.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:every verdict is the expected one (or, with --baseline, what differs is not new)",
            "1:some verdict differs",
            "2:usage",
            "3:the harness failed (any ERROR), a run did not finish, or a unit of the plan or an operation of the hunt is"
                    + " missing"
        })
final class MergeCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "DIR", arity = "1..*", description = "Folders of reports, in any order.")
    private List<Path> folders = List.of();

    @Option(names = "--report", paramLabel = "OUT", required = true, description = "Where the joint report goes.")
    private Path report = Path.of("");

    @Mixin
    private BaselineMixin baseline = new BaselineMixin();

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        News news = baseline.news(KnownReports.NONE);
        if (folders.stream().anyMatch(PlanReport::isOne)) {
            return plan(out, news);
        }
        if (folders.stream().anyMatch(HuntMerge::isOne)) {
            return hunts(out, news);
        }
        List<RunRecord> runs = ReportMerge.of(folders, report);
        out.print(ErrorGuide.end(runs, report));
        out.print(baseline.isGiven() ? news.text(runs) : "");
        out.flush();
        ReportPages.write(report, baseline.folder(), spec.commandLine().getErr());
        return Exit.of(runs, news);
    }

    private int hunts(PrintWriter out, News news) throws Exception {
        HuntMerge.Joint joint = HuntMerge.into(folders, report);
        joint.hunts().forEach(result -> out.print(HuntText.of(result, report)));
        out.flush();
        ReportPages.write(report, baseline.folder(), spec.commandLine().getErr());
        boolean whole =
                joint.hunts().stream().allMatch(result -> result.untried().isEmpty() && !result.hasFailed());
        int ofRuns = joint.runs().isEmpty() ? Exit.EXPECTED : Exit.of(joint.runs(), news);
        return !whole || ofRuns == Exit.HARNESS
                ? Exit.HARNESS
                : joint.hunts().stream().anyMatch(HuntResult::hasNews) ? Exit.UNEXPECTED : ofRuns;
    }

    private int plan(PrintWriter out, News news) throws Exception {
        PlanMerge.Joint joint = PlanMerge.of(folders).into(report);
        if (!joint.runs().isEmpty()) {
            out.print(ErrorGuide.end(joint.runs(), report));
            out.print(baseline.isGiven() ? news.text(joint.runs()) : "");
        }
        joint.hunts().forEach(result -> out.print(HuntText.of(result, report)));
        out.print(joint.text());
        joint.missing().forEach(unit -> out.println("missing: " + unit));
        int units = joint.plan().units().size();
        out.println(units - joint.missing().size() + " of " + units + " units of the plan are here"
                + (joint.again() == 0 ? "" : ", " + joint.again() + " of them begun more than once"));
        out.flush();
        ReportPages.write(report, baseline.folder(), spec.commandLine().getErr());
        return joint.whole()
                ? PlanMixin.code(joint.plan().work(), joint.runs(), joint.hunts(), Exit.of(joint.runs(), news))
                : Exit.HARNESS;
    }
}
