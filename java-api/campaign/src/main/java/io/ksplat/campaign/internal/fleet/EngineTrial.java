// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.campaign.Parallelism;
import io.ksplat.campaign.Trial;
import io.ksplat.engine.SessionOptions;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.results.RunLog;
import io.ksplat.results.RunRecord;
import io.ksplat.results.ToolRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/**
 * Runs each attempt through an {@link Engine}, several ahead of what was asked for: whoever decides after each run whether another is needed has the next one
 * without a wait. What nobody asked for is not in the report. Thread-safe.
 */
public final class EngineTrial implements Trial {
    private final Engine engine;
    private final Trial here;
    private final FleetPlan.Settings settings;
    private final FleetPlan.Reproducer reproducer;
    private final RunLog report;
    private final Optional<ToolRecord> tool;
    private final Progress progress;
    private final Map<KernelSpec, FleetPlan.Kernel> kernels = new HashMap<>();
    private final Map<Asked, Future<Path>> begun = new HashMap<>();

    private record Asked(KernelSpec kernel, int attempt) {}

    /**
     * Prepares the runs.
     *
     * @param engine stays open
     * @param here runs it on this machine: asked for the record of a kernel that cannot be had
     * @param settings those of every run
     * @param report where the runs go
     * @param tool what this ksplat was called with
     */
    public EngineTrial(
            Engine engine,
            Trial here,
            FleetPlan.Settings settings,
            FleetPlan.Reproducer reproducer,
            RunLog report,
            Optional<ToolRecord> tool,
            Progress progress) {
        this.engine = engine;
        this.here = here;
        this.settings = settings;
        this.reproducer = reproducer;
        this.report = report;
        this.tool = tool;
        this.progress = progress;
    }

    @Override
    public void announce(KernelSpec kernel, int attempt) throws InterruptedException {
        try {
            begin(kernel, attempt);
        } catch (KernelException e) {
            progress.report(kernel + ": " + e.getMessage());
        }
    }

    private synchronized void begin(KernelSpec kernel, int attempt) throws KernelException, InterruptedException {
        FleetPlan.Kernel known = kernels.get(kernel);
        if (known == null) {
            known = PlannedKernels.resolve(List.of(kernel.toString()), progress).get(0);
            kernels.put(kernel, known);
        }
        for (int number = attempt; number < attempt + engine.jobs(); number++) {
            Asked asked = new Asked(kernel, number);
            if (!begun.containsKey(asked)) {
                begun.put(asked, engine.begin(plan(known, number), number));
            }
        }
    }

    private synchronized Future<Path> begun(KernelSpec kernel, int attempt) {
        return Objects.requireNonNull(begun.get(new Asked(kernel, attempt)));
    }

    private FleetPlan plan(FleetPlan.Kernel kernel, int attempt) {
        FleetUnit unit = new FleetUnit(
                "unit-0001",
                reproducer.word(),
                kernel.spec(),
                attempt,
                attempt,
                new FleetUnit.Needs(false, Parallelism.ATTEMPT_MIB),
                Optional.empty());
        return FleetPlan.of(
                SessionOptions.VERSION,
                new FleetWork.Runs(),
                settings,
                List.of(reproducer),
                List.of(kernel),
                List.of(unit));
    }

    @Override
    public List<RunRecord> run(KernelSpec kernel, int attempt) throws InterruptedException {
        Future<Path> joint;
        try {
            begin(kernel, attempt);
            joint = begun(kernel, attempt);
        } catch (KernelException e) {
            return here.run(kernel, attempt);
        }
        progress.report(reproducer.word() + " on " + kernel + ", attempt " + attempt + ": waiting for the engine");
        try {
            Path folder = joint.get();
            List<RunRecord> runs = report.adopt(folder, tool);
            engine.remove(folder);
            return runs;
        } catch (ExecutionException e) {
            IOException cause = e.getCause() instanceof IOException failed ? failed : new IOException(e.getCause());
            throw new UncheckedIOException(String.valueOf(cause.getMessage()), cause);
        } catch (IOException e) {
            throw new UncheckedIOException("a run of the engine cannot be entered: " + e.getMessage(), e);
        }
    }
}
