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
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
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

    @Mixin
    private SweepMixin sweep = new SweepMixin();

    @Option(names = "--jobs", paramLabel = "N", description = "Machines at once, by default one for each CPU.")
    private int jobs = Runtime.getRuntime().availableProcessors();

    @Option(names = "--report", paramLabel = "DIR", description = "Where map and listing go, default ksplat-report.")
    private Path report = RunSettings.DEFAULT_REPORT;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        Catalogue.Entry entry = reproducer.choice(spec).only();
        SweepRequest order = sweep.request(spec, entry, jobs);
        Path named = Sweep.folder(Path.of(""), entry);
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
