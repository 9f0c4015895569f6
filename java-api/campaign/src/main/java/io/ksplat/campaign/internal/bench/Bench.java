// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bench;

import io.ksplat.engine.SessionOptions;
import io.ksplat.engine.internal.PhaseTimings;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.Progress;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.MachineFactory;
import io.ksplat.machine.internal.qemu.BaselineBoot;
import io.ksplat.machine.internal.qemu.MachineConfig;
import io.ksplat.machine.internal.snapshot.RestoredMachine;
import io.ksplat.machine.internal.snapshot.Template;
import io.ksplat.machine.internal.snapshot.TemplateStore;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Benchmarks of machines with one kernel. The two sides of a ratio alternate, so that the host's load affects both. */
public final class Bench implements AutoCloseable {
    private static final int CPUS = 2;
    private static final int MEMORY_MIB = 256;
    private static final int WARM_UP = 3;
    /** Restores per cold boot; together they take as long as one cold boot. */
    private static final int RESTORES_PER_BOOT = 5;

    private final MachineFactory host;
    private final TemplateStore templates;
    private final KernelInfo kernel;
    private final MachineConfig config;
    private final Path folder;
    private final Progress progress;
    private final Map<String, String> environment = new LinkedHashMap<>();

    private Bench(MachineFactory host, TemplateStore templates, KernelInfo kernel, Path folder, Progress progress)
            throws IOException, InterruptedException {
        this.host = host;
        this.templates = templates;
        this.kernel = kernel;
        this.config = host.config(kernel.kernel(), kernel.accelerator(), CPUS, MEMORY_MIB, List.of());
        this.folder = folder;
        this.progress = progress;
        environment.put("kernel", kernel.release());
        environment.put("accelerator", kernel.accelerator().id());
        environment.put("guest", CPUS + " CPUs, " + MEMORY_MIB + " MiB");
        environment.put("qemu", host.qemuVersion());
        environment.put("host", HostText.cpus() + ", Linux " + System.getProperty("os.version"));
        environment.put("java", System.getProperty("java.vm.version"));
        environment.put("load before", HostText.load());
    }

    /** Prepares a kernel. Consoles are written to {@code folder}. */
    public static Bench of(String spec, SessionOptions options, Path folder)
            throws IOException, InterruptedException, KernelException {
        Cache cache = options.cache();
        MachineFactory host = MachineFactory.open(cache, options.accelerator());
        KernelInfo kernel = KernelInfo.of(
                new Kernels(cache).resolve(KernelSpec.parse(spec), options.progress()),
                host,
                cache,
                options.progress());
        Files.createDirectories(folder);
        return new Bench(host, new TemplateStore(host, cache), kernel, folder, options.progress());
    }

    /**
     * Measures restores, from the start of QEMU and from a standby machine to the agent's answer, against a cold boot
     * to its first message.
     */
    public Measurement restore(int runs) throws IOException, InterruptedException {
        Template template = templates.template(kernel.kernel(), config, log(), progress);
        for (int i = 0; i < WARM_UP; i++) {
            template.restore(host.programs(), log()).close();
        }
        List<Double> restores = new ArrayList<>();
        List<Double> pooled = new ArrayList<>();
        List<Double> boots = new ArrayList<>();
        List<Double> owned = new ArrayList<>();
        List<Double> own = new ArrayList<>();
        for (int run = 0; run < runs; run++) {
            progress.report("restore " + (run + 1) + " of " + runs);
            if (run % RESTORES_PER_BOOT == 0) {
                boots.add(bootMs());
            }
            long start = System.nanoTime();
            try (Guest guest = template.restore(host.programs(), log())) {
                restores.add(millisSince(start));
                owned.add(guest.vm().ownedBytes() / 1048576.0);
                own.add(HostText.residentMiB());
            }
            RestoredMachine ready = template.prepare(host.programs());
            start = System.nanoTime();
            Guest woken = template.wake(ready, log());
            pooled.add(millisSince(start));
            woken.close();
        }
        Figure fromNothing = new Figure("restoreMs", "ms", restores);
        Figure cold = new Figure("coldBootMs", "ms", boots);
        return measured(
                "restore",
                List.of(
                        fromNothing,
                        new Figure("pooledMs", "ms", pooled),
                        cold,
                        new Figure("machineOwnsMiB", "MiB", owned),
                        new Figure("jvmMiB", "MiB", own)),
                List.of(new Ratio("coldBoot/restore", cold.median() / fromNothing.median())));
    }

    /**
     * Measures ksplat's cold boot, and a whole run on one, against a plain QEMU that boots the same kernel to an init
     * that says hello.
     */
    public Measurement boot(int runs, Attempts fresh) throws IOException, InterruptedException {
        List<Double> bare = new ArrayList<>();
        List<Double> agent = new ArrayList<>();
        List<Double> verdicts = new ArrayList<>();
        for (int run = 0; run < runs; run++) {
            progress.report("boot " + (run + 1) + " of " + runs);
            bare.add(bareBootMs());
            agent.add(bootMs());
            fresh.run(1)
                    .forEach(record -> verdicts.add((double) record.timings().totalMs()));
        }
        Figure bareBoot = new Figure("bareBootMs", "ms", bare);
        Figure hello = new Figure("agentMs", "ms", agent);
        Figure verdict = new Figure("verdictMs", "ms", verdicts);
        return measured(
                "boot",
                List.of(bareBoot, hello, verdict),
                List.of(
                        new Ratio("verdict/bareBoot", verdict.median() / bareBoot.median()),
                        new Ratio("agent/bareBoot", hello.median() / bareBoot.median())));
    }

    /**
     * Measures what a command costs from the shell's Enter on: a list, and a run from a template, against a plain QEMU that boots the
     * same kernel to an init that says hello.
     *
     * @param launcher the program that a user types
     * @param reproducer the run's, whose verdict must be the expected one
     * @param report where the run's report goes
     */
    public Measurement start(int runs, Path launcher, String reproducer, Path report)
            throws IOException, InterruptedException {
        Shell shell = new Shell(launcher);
        String[] run = {"run", reproducer, "--kernel", kernel.kernel().spec().toString(), "--report", report.toString()
        };
        shell.time(run);
        List<Double> bare = new ArrayList<>();
        List<Shell.Cost> version = new ArrayList<>();
        List<Shell.Cost> list = new ArrayList<>();
        List<Shell.Cost> warm = new ArrayList<>();
        for (int i = 0; i < runs; i++) {
            progress.report("start " + (i + 1) + " of " + runs);
            bare.add(bareBootMs());
            version.add(shell.time("--version"));
            list.add(shell.time("list"));
            warm.add(shell.time(run));
        }
        Figure bareBoot = new Figure("bareBootMs", "ms", bare);
        Figure warmRun = new Figure(
                "warmRunMs", "ms", warm.stream().map(Shell.Cost::wallMs).toList());
        return measured(
                "start",
                List.of(
                        new Figure(
                                "cpuMs",
                                "ms",
                                list.stream().map(Shell.Cost::cpuMs).toList()),
                        warmRun,
                        bareBoot,
                        new Figure(
                                "versionCpuMs",
                                "ms",
                                version.stream().map(Shell.Cost::cpuMs).toList()),
                        new Figure(
                                "versionMs",
                                "ms",
                                version.stream().map(Shell.Cost::wallMs).toList()),
                        new Figure(
                                "listMs",
                                "ms",
                                list.stream().map(Shell.Cost::wallMs).toList()),
                        new Figure(
                                "warmRunCpuMs",
                                "ms",
                                warm.stream().map(Shell.Cost::cpuMs).toList())),
                List.of(new Ratio("warmRun/bareBoot", warmRun.median() / bareBoot.median())));
    }

    private double bareBootMs() throws IOException, InterruptedException {
        return BaselineBoot.time(
                        host.programs(), kernel.kernel().image(), kernel.accelerator(), CPUS, MEMORY_MIB, log())
                .toMillis();
    }

    /**
     * Measures verdicts per minute, {@code jobs} at a time, each on its own machine: of a reproducer that ends in a
     * DEADLOCK, and of one that ends CLEAN.
     */
    public Measurement attempts(int runs, int jobs, PhaseTimings spent, Attempts deadlock, Attempts clean)
            throws IOException, InterruptedException {
        environment.put("jobs", Integer.toString(jobs));
        AttemptRates rates = new AttemptRates(spent, System::nanoTime, deadlock, clean);
        rates.measure(runs, jobs);
        return measured("attempts", rates.figures(), rates.ratios());
    }

    /** Runs a reproducer {@code times} more times and returns the records. */
    @FunctionalInterface
    public interface Attempts {
        List<RunRecord> run(int times) throws IOException, InterruptedException;
    }

    @Override
    public void close() {
        templates.close();
    }

    private Measurement measured(String name, List<Figure> figures, List<Ratio> ratios) throws IOException {
        environment.put("load after", HostText.load());
        return new Measurement(name, environment, figures, ratios);
    }

    private double bootMs() throws IOException {
        TemplateStore.Started started = templates.boot(config, log(), progress);
        started.guest().close();
        return started.bootMs().orElseThrow();
    }

    private Path log() {
        return folder.resolve("console.log");
    }

    private static double millisSince(long start) {
        return (System.nanoTime() - start) / 1e6;
    }
}
