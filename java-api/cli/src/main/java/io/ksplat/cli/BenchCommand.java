// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.bench.Bench;
import io.ksplat.bench.Measurement;
import io.ksplat.bench.Workload;
import io.ksplat.campaign.Campaign;
import io.ksplat.campaign.Catalogue;
import io.ksplat.campaign.Jobs;
import io.ksplat.campaign.LabTrial;
import io.ksplat.campaign.Trial;
import io.ksplat.junit.Lab;
import io.ksplat.junit.Settings;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.machine.Accelerator;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "bench",
        description = "Measures ksplat itself, or a workload on kernels.",
        mixinStandardHelpOptions = true)
final class BenchCommand implements Callable<Integer> {
    private static final String REPRODUCER = "nmi-task-kptr";

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(
            paramLabel = "NAME",
            description =
                    "restore: a machine from a template against a cold boot; boot: a cold boot against a plain QEMU's; attempts: verdicts a minute; workload: what a reproducer with a figure measures.")
    private String name = "";

    @Parameters(index = "1", arity = "0..1", paramLabel = "ID", description = "Of workload: which, see: ksplat list.")
    private @Nullable String id;

    @Option(
            names = "--kernel",
            paramLabel = "SPEC",
            description = "Default: " + Settings.DEFAULT_KERNEL + ". Of workload, two may be given: they take turns.")
    private List<String> kernels = List.of(Settings.DEFAULT_KERNEL);

    @Option(
            names = "--runs",
            paramLabel = "N",
            description = "How often; default: restore 30, boot 5, attempts 40, workload 10.")
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
        checkWords();
        Progress progress = Progress.on(spec.commandLine().getErr());
        Path folder = report.toAbsolutePath().resolve("bench-" + name);
        Measurement measured = name.equals("workload") ? workload(folder, progress) : ksplat(folder, progress);
        progress.clear();
        PrintWriter out = spec.commandLine().getOut();
        out.print(json ? measured.json().toString() + "\n" : measured.text());
        out.flush();
        return Exit.EXPECTED;
    }

    private void checkWords() {
        if (!List.of("restore", "boot", "attempts", "workload").contains(name)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "there is no benchmark " + name + "; there are restore, boot, attempts and workload");
        }
        int most = name.equals("workload") ? 2 : 1;
        if (kernels.size() > most) {
            throw new ParameterException(
                    spec.commandLine(), name + " measures " + (most == 1 ? "one kernel" : "one kernel or two"));
        }
        if (name.equals("workload") == (id == null)) {
            throw new ParameterException(
                    spec.commandLine(),
                    id == null ? "name the workload: ksplat bench workload ID" : name + " takes no " + id);
        }
    }

    private Measurement workload(Path folder, Progress progress) throws IOException, InterruptedException {
        try (Laboratory laboratory = Laboratory.open(folder, progress, Optional.ofNullable(accelerator))) {
            Catalogue catalogue = Catalogue.load();
            Trial trial = new LabTrial(
                    laboratory.lab(), laboratory.report(), catalogue.find(Objects.requireNonNull(id)), Map.of());
            return new Workload(catalogue, id, trial, progress)
                    .measure(kernels.stream().map(KernelSpec::parse).toList(), runs > 0 ? runs : 10);
        }
    }

    private Measurement ksplat(Path folder, Progress progress)
            throws IOException, InterruptedException, KernelException {
        KernelSpec kernel = KernelSpec.parse(kernels.get(0));
        try (Lab lab = new Lab(Cache.standard(), progress, Optional.ofNullable(accelerator), List.of());
                Bench bench = Bench.of(kernel, Cache.standard(), Optional.ofNullable(accelerator), folder, progress)) {
            int several = jobs == null ? Jobs.fitting() : jobs;
            return switch (name) {
                case "restore" -> bench.restore(runs > 0 ? runs : 30);
                case "boot" -> bench.boot(runs > 0 ? runs : 5, times -> attempts(lab, kernel, folder, true, 1, times));
                default ->
                    bench.attempts(
                            runs > 0 ? runs : 40,
                            several,
                            lab.timeSpent(),
                            times -> attempts(lab, kernel, folder, false, several, times));
            };
        }
    }

    private List<RunRecord> attempts(Lab lab, KernelSpec kernel, Path folder, boolean fresh, int jobs, int times)
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
                        List.of(kernel),
                        times,
                        ended::add,
                        (what, why) -> spec.commandLine().getErr().println("ksplat: " + what + ": " + why));
        return List.copyOf(ended);
    }
}
