// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.Campaign;
import io.ksplat.campaign.Catalogue;
import io.ksplat.evidence.Verdict;
import io.ksplat.junit.Lab;
import io.ksplat.junit.Settings;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.nmi.NmiMode;
import io.ksplat.report.Report;
import io.ksplat.report.RunRecord;
import io.ksplat.vm.Accelerator;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "run",
        description = "Runs reproducers on kernels and writes a report.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:every verdict is the expected one",
            "1:some verdict differs",
            "2:usage",
            "3:the harness failed (any ERROR)"
        })
final class RunCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "ID", description = "Reproducers; see: ksplat list.")
    private List<String> ids = List.of();

    @Option(names = "--all", description = "Every reproducer.")
    private boolean all;

    @Option(
            names = "--kernel",
            paramLabel = "SPEC",
            description = "A kernel, may be given several times: " + KernelSpec.FORMS + ". Default: "
                    + Settings.DEFAULT_KERNEL + ".")
    private List<String> kernels = List.of(Settings.DEFAULT_KERNEL);

    @Option(names = "--repeat", paramLabel = "N", defaultValue = "1", description = "Attempts of each, default 1.")
    private int repeat;

    @Option(names = "--report", paramLabel = "DIR", description = "Where the report goes, default ksplat-report.")
    private Path report = Settings.DEFAULT_REPORT;

    @Option(
            names = "--expect",
            paramLabel = "VERDICT",
            description = "The verdict that is expected, whatever the reproducer says.")
    private @Nullable Verdict expect;

    @Option(names = "--nmi", paramLabel = "MODE", description = "none: send no NMIs, to see the controls fail.")
    private @Nullable NmiMode nmi;

    @Option(names = "--fresh", description = "Boot each machine cold.")
    private boolean fresh;

    @Option(
            names = "--accelerator",
            paramLabel = "KIND",
            description = "kvm or tcg; found by booting where it is not given.")
    private @Nullable Accelerator accelerator;

    @Option(names = "--json", description = "Print the report's results.json instead of text.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        List<Catalogue.Entry> chosen = choose(Catalogue.load());
        List<KernelSpec> specs = kernels.stream().map(KernelSpec::parse).toList();
        if (repeat < 1) {
            throw new ParameterException(spec.commandLine(), "--repeat must be at least 1");
        }
        PrintWriter err = spec.commandLine().getErr();
        Progress progress = Progress.on(err);
        Lab lab = new Lab(Cache.standard(), progress, Optional.ofNullable(accelerator));
        Report written = lab.report(report.toAbsolutePath());
        AtomicBoolean failed = new AtomicBoolean();
        Thread hook = new Thread(() -> lab.interrupt("ksplat was interrupted"), "ksplat-shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
        try (lab) {
            PrintWriter out = spec.commandLine().getOut();
            written.listen(run -> {
                progress.clear();
                if (!json) {
                    out.print(Summary.of(run, written.folder(run)));
                    out.flush();
                }
            });
            new Campaign(lab, parameters()).run(chosen, specs, repeat, (what, why) -> {
                failed.set(true);
                progress.clear();
                err.println("ksplat: " + what + ": " + (why.getMessage() == null ? why : why.getMessage()));
            });
            progress.clear();
            if (json) {
                out.println(java.nio.file.Files.readString(written.folder().resolve("results.json")));
            } else {
                out.print(Summary.of(written.runs()));
                out.println("Report: " + report);
            }
            out.flush();
        }
        if (!lab.isInterrupted()) {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
        return exit(written.runs(), failed.get());
    }

    private static int exit(List<RunRecord> runs, boolean failed) {
        if (failed || runs.isEmpty() || runs.stream().anyMatch(run -> run.verdict() == Verdict.ERROR)) {
            return Exit.HARNESS;
        }
        return runs.stream().allMatch(RunRecord::asExpected) ? Exit.EXPECTED : Exit.UNEXPECTED;
    }

    private List<Catalogue.Entry> choose(Catalogue catalogue) {
        if (all) {
            return catalogue.entries();
        }
        if (ids.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "name a reproducer, or --all; see: ksplat list");
        }
        return ids.stream().map(catalogue::find).toList();
    }

    private Map<String, String> parameters() {
        Map<String, String> parameters = new LinkedHashMap<>();
        parameters.put(Settings.Keys.REPORT, report.toAbsolutePath().toString());
        if (expect != null) {
            parameters.put(Settings.Keys.EXPECT, expect.name());
        }
        if (nmi != null) {
            parameters.put(Settings.Keys.NMI, nmi.name());
        }
        if (fresh) {
            parameters.put(Settings.Keys.FRESH, "true");
        }
        return parameters;
    }
}
