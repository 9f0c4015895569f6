// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.hunt.Hunt;
import io.ksplat.campaign.internal.hunt.HuntFile;
import io.ksplat.campaign.internal.hunt.HuntRequest;
import io.ksplat.campaign.internal.hunt.HuntResult;
import io.ksplat.campaign.internal.hunt.Operation;
import io.ksplat.campaign.internal.hunt.Operations;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.internal.TerminalProgress;
import io.ksplat.results.internal.KnownReports;
import java.io.IOException;
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

    @Mixin
    private HuntMixin wanted = new HuntMixin();

    @Option(names = "--list", description = "Print the operations, and try none.")
    private boolean list;

    @Mixin
    private KernelsMixin kernels = new KernelsMixin();

    @Option(
            names = "--minutes",
            paramLabel = "N",
            description = "No operation begins later, on each kernel. Default: ${DEFAULT-VALUE}.")
    private int minutes = 15;

    @Mixin
    private KnownMixin known = new KnownMixin();

    @Option(names = "--jobs", paramLabel = "N", description = "Operations at once, by default one for each CPU.")
    private int jobs = Runtime.getRuntime().availableProcessors();

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
        List<Operation> meant = wanted.operations();
        if (list) {
            meant.forEach(operation -> out.println(operation.name()));
            out.flush();
            return Exit.EXPECTED;
        }
        if (minutes < 1) {
            throw new ParameterException(spec.commandLine(), "--minutes must be at least 1");
        }
        wanted.check(spec);
        kernels.check();
        KnownReports reports = known.isGiven() ? known.read() : Operations.known();
        TerminalProgress progress = TerminalProgress.on(spec.commandLine().getErr());
        boolean failed = false;
        boolean news = false;
        Hunt hunt = hunt(reports, report.toAbsolutePath(), progress);
        for (String kernel : kernels.specs()) {
            HuntResult result =
                    hunt.run(new HuntRequest(kernel, meant, wanted.scope(), Duration.ofMinutes(minutes), jobs));
            progress.clear();
            out.print(json ? HuntFile.line(result) + "\n" : HuntText.of(result, report));
            out.flush();
            failed |= result.hasFailed();
            news |= result.hasNews();
        }
        ReportPages.write(report, spec.commandLine().getErr());
        return failed ? Exit.HARNESS : news ? Exit.UNEXPECTED : Exit.EXPECTED;
    }

    /** Returns a hunt whose reproducers are compiled from the Java that it writes. */
    static Hunt hunt(KnownReports known, Path report, TerminalProgress progress) throws IOException {
        return new Hunt(
                EntryRunner::new,
                java -> JavaSourceCatalogue.compile(java).entries().get(0),
                known,
                report,
                progress);
    }
}
