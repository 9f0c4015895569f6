// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.fleet.FleetPlan;
import io.ksplat.campaign.internal.fleet.KubernetesJob;
import io.ksplat.campaign.internal.fleet.SlurmJob;
import io.ksplat.campaign.internal.fleet.SlurmQueue;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "submit",
        description = "Writes the jobs by which an engine runs a plan: see ksplat help many-machines.",
        mixinStandardHelpOptions = true)
final class SubmitCommand implements Runnable {
    private static final int DEFAULT_SHARDS = 64;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "say to what: ksplat submit slurm, or ksplat submit kubernetes");
    }

    @Command(
            name = "slurm",
            description = "Writes the batch scripts of an array and of a job that joins its reports.",
            mixinStandardHelpOptions = true)
    int slurm(
            @Option(names = "--plan", paramLabel = "FILE", required = true, description = "The plan.") Path file,
            @Option(
                            names = "--report",
                            paramLabel = "DIR",
                            required = true,
                            description = "A folder that all nodes share; the joint report goes to its joint.")
                    Path folder,
            @Option(
                            names = "--shards",
                            paramLabel = "N",
                            description = "Tasks of the array; default: one a unit, 64 at most.")
                    @Nullable
                    Integer shards,
            @Option(
                            names = "--jobs",
                            paramLabel = "N",
                            defaultValue = "1",
                            description = "Attempts at a time in a task, and its CPUs; default 1.")
                    int jobs,
            @Option(
                            names = "--option",
                            paramLabel = "OPTION",
                            description = "Of sbatch, --partition=NAME say; may be given several times.")
                    @Nullable
                    List<String> options,
            @Option(
                            names = "--ksplat",
                            paramLabel = "PATH",
                            description = "The launcher as the nodes find it; default: this one.")
                    @Nullable
                    Path launcher,
            @Option(names = "--go", description = "Submit them, instead of saying how.") boolean go)
            throws Exception {
        FleetPlan plan = FleetPlan.read(file);
        Path report = folder.toAbsolutePath().normalize();
        Path scripts = report.resolve("submit");
        SlurmJob job = new SlurmJob(
                launcher == null ? ownLauncher() : launcher.toAbsolutePath().normalize(),
                scripts.resolve("plan.json"),
                report,
                report.resolveSibling(report.getFileName() + "-joint"),
                shards(plan, shards),
                checked("--jobs", jobs),
                options == null ? List.of() : options);
        Files.createDirectories(scripts);
        Files.createDirectories(report.resolve("log"));
        Files.writeString(job.plan(), plan.json(), StandardCharsets.UTF_8);
        Path array = Files.writeString(scripts.resolve("array.sh"), job.array(), StandardCharsets.UTF_8);
        Path merge = Files.writeString(scripts.resolve("merge.sh"), job.merge(), StandardCharsets.UTF_8);
        PrintWriter out = spec.commandLine().getOut();
        if (go) {
            String first = SlurmQueue.submit(array);
            out.println("array " + first + ", " + job.shards() + " tasks");
            out.flush();
            out.println("merge " + SlurmQueue.submitAfter(first, merge) + ", the joint report goes to " + job.joint());
        } else {
            out.println("Submit with --go, or by hand:");
            out.println("  id=$(sbatch --parsable " + array + ")");
            out.println("  sbatch --dependency=afterany:$id " + merge);
        }
        out.flush();
        return Exit.EXPECTED;
    }

    static Path ownLauncher() {
        return Path.of(System.getProperty("ksplat.home", ""), "ksplat")
                .toAbsolutePath()
                .normalize();
    }

    private int shards(FleetPlan plan, @Nullable Integer said) {
        int units = plan.units().size();
        return said == null ? Math.max(1, Math.min(units, DEFAULT_SHARDS)) : checked("--shards", said);
    }

    private int checked(String option, int number) {
        if (number < 1) {
            throw new ParameterException(spec.commandLine(), option + " must be at least 1");
        }
        return number;
    }

    @Command(
            name = "kubernetes",
            description =
                    "Prints an Indexed Job, or with --merge the job that joins its reports, for kubectl apply -f -.",
            mixinStandardHelpOptions = true)
    int kubernetes(
            @Option(names = "--plan", paramLabel = "FILE", required = true, description = "The plan.") Path file,
            @Option(
                            names = "--image",
                            paramLabel = "IMAGE",
                            required = true,
                            description = "A container image whose entry point is ksplat.")
                    String image,
            @Option(
                            names = "--claim",
                            paramLabel = "NAME",
                            required = true,
                            description =
                                    "A persistent volume claim that all pods share; the plan lies in it as plan.json.")
                    String claim,
            @Option(names = "--shards", paramLabel = "N", description = "Pods; default: one a unit, 64 at most.")
                    @Nullable
                    Integer shards,
            @Option(
                            names = "--parallel",
                            paramLabel = "N",
                            defaultValue = "8",
                            description = "Pods at a time, default 8.")
                    int parallel,
            @Option(
                            names = "--jobs",
                            paramLabel = "N",
                            defaultValue = "1",
                            description = "Attempts at a time in a pod, and its CPUs; default 1.")
                    int jobs,
            @Option(
                            names = "--kvm",
                            paramLabel = "RESOURCE",
                            description = "The resource by which a device plugin gives a pod /dev/kvm:"
                                    + " devices.kubevirt.io/kvm say. Default: none, TCG.")
                    @Nullable
                    String kvm,
            @Option(names = "--merge", description = "Print the job that joins the reports.") boolean merge)
            throws IOException {
        FleetPlan plan = FleetPlan.read(file);
        KubernetesJob job = new KubernetesJob(
                "ksplat-" + plan.digest().substring(0, 12),
                image,
                claim,
                shards(plan, shards),
                checked("--parallel", parallel),
                checked("--jobs", jobs),
                Optional.ofNullable(kvm));
        PrintWriter out = spec.commandLine().getOut();
        out.print(merge ? job.merge() : job.array());
        out.flush();
        return Exit.EXPECTED;
    }
}
