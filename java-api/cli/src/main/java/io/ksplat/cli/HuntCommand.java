// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.fleet.ShardName;
import io.ksplat.campaign.internal.hunt.Hunt;
import io.ksplat.campaign.internal.hunt.HuntFile;
import io.ksplat.campaign.internal.hunt.HuntRequest;
import io.ksplat.campaign.internal.hunt.HuntResult;
import io.ksplat.campaign.internal.hunt.Operation;
import io.ksplat.campaign.internal.hunt.Operations;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.internal.TerminalProgress;
import io.ksplat.results.internal.KnownReports;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "hunt",
        description =
                "Looks for deadlocks that nobody has reported: does what a BPF program may do in a task, and once more in an NMI "
                        + "that interrupts it, at many of its instructions.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:no finding, or only known ones",
            "1:a finding that is not known",
            "2:usage",
            "3:some operation could not be tried"
        })
final class HuntCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = "--operation",
            paramLabel = "NAME",
            description =
                    "An operation (map-update/lru-hash) or a family (map-update), may be given several times. Default: all.")
    private List<String> operations = List.of();

    @Option(names = "--list", description = "Print the operations, and try none.")
    private boolean list;

    @Mixin
    private KernelsMixin kernels = new KernelsMixin();

    @Option(
            names = "--points",
            paramLabel = "N",
            description =
                    "How many instructions of an operation to try, default ${DEFAULT-VALUE}: those behind which a "
                            + "lock may be held or free, and a sample. The borders of what is found come in addition.")
    private int points = 20;

    @Option(names = "--exhaustive", description = "Try every instruction.")
    private boolean exhaustive;

    @Option(
            names = "--minutes",
            paramLabel = "N",
            description = "No operation begins later, on each kernel. Default: ${DEFAULT-VALUE}.")
    private int minutes = 15;

    @Option(names = "--seed", paramLabel = "N", description = "Chooses the sample, default ${DEFAULT-VALUE}.")
    private long seed = 1;

    @Mixin
    private KnownMixin known = new KnownMixin();

    @Option(names = "--jobs", paramLabel = "N", description = "Operations at once, by default one for each CPU.")
    private int jobs = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--shard",
            paramLabel = "I/N",
            description =
                    "Try a share of the operations: 2/8 is the second of eight; auto: as Slurm, Kubernetes, GitLab,"
                            + " Buildkite or CircleCI number this job. ksplat merge joins the shares.")
    private String shard = "1/1";

    @Option(
            names = "--report",
            paramLabel = "DIR",
            description = "Where reproducers and their runs go, default ksplat-report.")
    private Path report = RunSettings.DEFAULT_REPORT;

    @Option(names = "--json", description = "Print one line of JSON a kernel.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        List<Operation> meant = Operations.named(operations);
        if (list) {
            meant.forEach(operation -> out.println(operation.name()));
            out.flush();
            return Exit.EXPECTED;
        }
        if (minutes < 1) {
            throw new ParameterException(spec.commandLine(), "--minutes must be at least 1");
        }
        kernels.check();
        ShardName share = ShardName.parse(shard, System.getenv());
        KnownReports reports = known.isGiven() ? known.read() : Operations.known();
        TerminalProgress progress = TerminalProgress.on(spec.commandLine().getErr());
        boolean failed = false;
        boolean news = false;
        Hunt hunt = new Hunt(
                EntryRunner::new,
                java -> JavaSourceCatalogue.compile(java).entries().get(0),
                reports,
                report.toAbsolutePath(),
                progress);
        for (String kernel : kernels.specs()) {
            HuntResult result = hunt.run(
                    new HuntRequest(kernel, meant, share, points, exhaustive, Duration.ofMinutes(minutes), seed, jobs));
            progress.clear();
            out.print(json ? HuntFile.line(result) + "\n" : HuntText.of(result, report));
            out.flush();
            failed |= result.hasFailed();
            news |= result.hasNews();
        }
        ReportPages.write(report, spec.commandLine().getErr());
        return failed ? Exit.HARNESS : news ? Exit.UNEXPECTED : Exit.EXPECTED;
    }
}
