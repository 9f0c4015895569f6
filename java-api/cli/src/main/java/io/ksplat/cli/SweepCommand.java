// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.sweep.Sweep;
import io.ksplat.campaign.internal.sweep.SweepMap;
import io.ksplat.campaign.internal.sweep.SweepRequest;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Runner;
import io.ksplat.engine.internal.TerminalProgress;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "sweep",
        description =
                "Sends a reproducer's NMI after 1, 2, 3 ... instructions from an anchor, each time into the same frozen "
                        + "machine, and draws the map of where it deadlocks.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:every point has an answer", "2:usage", "3:some point, or all, could not be measured"})
final class SweepCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Mixin
    private ReproducerMixin reproducer = new ReproducerMixin();

    @Option(
            names = "--from",
            paramLabel = "SYMBOL",
            description = "The anchor: this kernel function's first instruction, when the reproducer is armed.")
    private @Nullable String from;

    @Option(
            names = "--hit",
            paramLabel = "N",
            description =
                    "The anchor is the N-th time that the CPU comes by there, default 1: the first times may take ways of "
                            + "their own: caches are cold, and lockdep learns.")
    private int hit = 1;

    @Option(
            names = "--start",
            paramLabel = "N",
            description = "Instructions from the anchor to the first point, default 0.")
    private int start;

    @Option(names = "--points", paramLabel = "N", required = true, description = "How many points.")
    private int points;

    @Option(
            names = "--stride",
            paramLabel = "N",
            description =
                    "Instructions from one point to the next, default 1. Where neighbours differ, the points between them "
                            + "are measured too, until the very instruction is found.")
    private int stride = 1;

    @Option(names = "--anchor", paramLabel = "NAME", description = "Sweep from an anchor that an earlier sweep kept.")
    private @Nullable String anchor;

    @Option(
            names = "--kernel",
            paramLabel = "SPEC",
            description = RunSettings.KERNEL_FORMS + ". Default: " + RunSettings.DEFAULT_KERNEL + ".")
    private String kernel = RunSettings.DEFAULT_KERNEL;

    @Option(names = "--jobs", paramLabel = "N", description = "Machines at once, by default one for each CPU.")
    private int jobs = Runtime.getRuntime().availableProcessors();

    @Option(names = "--report", paramLabel = "DIR", description = "Where map and listing go, default ksplat-report.")
    private Path report = RunSettings.DEFAULT_REPORT;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        if (from == null && anchor == null) {
            throw new ParameterException(spec.commandLine(), "name a kernel function: --from SYMBOL");
        }
        Catalogue.Entry entry = reproducer.choice(spec).only();
        Path named = Path.of("sweep", entry.fullId().replace('/', '+'));
        SweepRequest order = new SweepRequest(
                entry, kernel, from == null ? "" : from, hit, Optional.ofNullable(anchor), start, points, stride, jobs);
        TerminalProgress progress = TerminalProgress.on(spec.commandLine().getErr());
        Path folder = report.toAbsolutePath().resolve(named);
        SweepMap map;
        try (Runner runner = new EntryRunner()) {
            map = new Sweep(runner, folder, progress).run(order);
        }
        progress.clear();
        PrintWriter out = spec.commandLine().getOut();
        out.print(Files.readString(folder.resolve(json ? Sweep.JSON : Sweep.TABLE)));
        if (!json) {
            out.println("Listing: " + report.resolve(named).resolve(Sweep.LISTING));
        }
        out.flush();
        ReportPages.write(report, spec.commandLine().getErr());
        return Sweep.isWhole(map) ? Exit.EXPECTED : Exit.HARNESS;
    }
}
