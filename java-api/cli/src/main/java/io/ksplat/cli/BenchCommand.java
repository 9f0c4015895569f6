// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.bench.Bench;
import io.ksplat.bench.Measurement;
import io.ksplat.campaign.Campaign;
import io.ksplat.campaign.Catalogue;
import io.ksplat.campaign.Jobs;
import io.ksplat.junit.Lab;
import io.ksplat.junit.Settings;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.report.RunRecord;
import io.ksplat.vm.Accelerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "bench", description = "Measures ksplat itself.", mixinStandardHelpOptions = true)
final class BenchCommand implements Callable<Integer> {
    private static final String REPRODUCER = "nmi-task-kptr";

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(
            paramLabel = "NAME",
            description =
                    "restore: a machine from a template against a cold boot; boot: a cold boot against a plain QEMU's; attempts: verdicts a minute.")
    private String name = "";

    @Option(names = "--kernel", paramLabel = "SPEC", description = "Default: " + Settings.DEFAULT_KERNEL + ".")
    private String kernel = Settings.DEFAULT_KERNEL;

    @Option(names = "--runs", paramLabel = "N", description = "How often; default: restore 30, boot 5, attempts 40.")
    private int runs;

    @Option(names = "--jobs", paramLabel = "N", description = "Of attempts: how many at a time; default as for run.")
    private @Nullable Integer jobs;

    @Option(names = "--report", paramLabel = "DIR", description = "Where consoles and runs go, default ksplat-report.")
    private Path report = Settings.DEFAULT_REPORT;

    @Option(names = "--accelerator", paramLabel = "KIND", description = "kvm or tcg.")
    private @Nullable Accelerator accelerator;

    @Option(names = "--json", description = "For machines.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        if (!List.of("restore", "boot", "attempts").contains(name)) {
            throw new ParameterException(
                    spec.commandLine(), "there is no benchmark " + name + "; there are restore, boot and attempts");
        }
        PrintWriter err = spec.commandLine().getErr();
        Progress progress = Progress.on(err);
        Path folder = report.toAbsolutePath().resolve("bench-" + name);
        Measurement measured;
        try (Lab lab = new Lab(Cache.standard(), progress, Optional.ofNullable(accelerator), List.of());
                Bench bench = Bench.of(
                        KernelSpec.parse(kernel),
                        Cache.standard(),
                        Optional.ofNullable(accelerator),
                        folder,
                        progress)) {
            int several = jobs == null ? Jobs.fitting() : jobs;
            measured = switch (name) {
                case "restore" -> bench.restore(runs > 0 ? runs : 30);
                case "boot" -> bench.boot(runs > 0 ? runs : 5, times -> attempts(lab, folder, true, 1, times));
                default ->
                    bench.attempts(
                            runs > 0 ? runs : 40,
                            several,
                            lab.timeSpent(),
                            times -> attempts(lab, folder, false, several, times));
            };
        }
        progress.clear();
        PrintWriter out = spec.commandLine().getOut();
        out.print(json ? measured.json().toString() + "\n" : measured.text());
        out.flush();
        return Exit.EXPECTED;
    }

    private List<RunRecord> attempts(Lab lab, Path folder, boolean fresh, int jobs, int times)
            throws IOException, InterruptedException {
        List<RunRecord> ended = new ArrayList<>();
        new Campaign(
                        lab,
                        Map.of(
                                Settings.Keys.REPORT, folder.toString(),
                                Settings.Keys.FRESH, Boolean.toString(fresh)),
                        jobs)
                .run(
                        List.of(Catalogue.load().find(REPRODUCER)),
                        List.of(KernelSpec.parse(kernel)),
                        times,
                        ended::add,
                        (what, why) -> spec.commandLine().getErr().println("ksplat: " + what + ": " + why));
        return List.copyOf(ended);
    }
}
