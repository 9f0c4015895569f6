// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal;

import io.ksplat.engine.RunSettings;
import io.ksplat.engine.SessionOptions;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.internal.CacheBound;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.MachineFactory;
import io.ksplat.machine.internal.qemu.Confinement;
import io.ksplat.machine.internal.qemu.Folders;
import io.ksplat.machine.internal.qemu.GroupLimits;
import io.ksplat.machine.internal.qemu.MachineConfig;
import io.ksplat.machine.internal.snapshot.Template;
import io.ksplat.machine.internal.snapshot.TemplateStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Tells how fast this machine is, what is cached, and what does not work here and why. It boots a kernel that is cached, and fetches none. */
public final class Doctor {
    private static final int CPUS = 2;
    private static final int MEMORY_MIB = 256;
    private static final int RESTORES = 3;
    private static final Path KVM = Path.of("/dev/kvm");

    private final SessionOptions options;
    private final StringBuilder text = new StringBuilder();
    private boolean works = true;

    public Doctor(SessionOptions options) {
        this.options = options;
    }

    /** Examines this machine; {@link #text} has the findings then. */
    public void examine() throws IOException, InterruptedException, KernelException {
        line(
                "ok",
                "CPUs",
                Runtime.getRuntime().availableProcessors() + ", load "
                        + Files.readString(Path.of("/proc/loadavg")).split(" ", -1)[0]);
        cache();
        Optional<KernelSpec> cached = cachedKernel();
        if (cached.isPresent()) {
            machine(new Kernels(options.cache()).resolve(cached.get(), options.progress()));
        } else {
            line(
                    "note",
                    "kernels",
                    "none is cached yet, so that none was booted; `ksplat run nmi-task-kptr` fetches one");
        }
        docker();
    }

    /** Returns the findings, a line each, as {@code scripts/bootstrap doctor} writes its own. */
    public String text() {
        return text.toString();
    }

    /** Returns whether a kernel boots here, if one was there to try. */
    public boolean works() {
        return works;
    }

    private void line(String state, String name, String finding) {
        text.append(written(state, name, finding));
    }

    private static String written(String state, String name, String finding) {
        return String.format(Locale.ROOT, "%-8s %-14s %s%n", state, name, finding);
    }

    private void cache() throws IOException, InterruptedException, KernelException {
        text.append(cacheLine(options.cache().root(), new CacheBound(options.cache()).items(), CacheBound.chosen()));
    }

    /** Only what ksplat can remove counts against its bound. */
    static String cacheLine(Path root, List<CacheBound.Item> items, Optional<Long> bound) {
        long all = items.stream().mapToLong(CacheBound.Item::bytes).sum();
        long removable = items.stream()
                .filter(CacheBound.Item::removable)
                .mapToLong(CacheBound.Item::bytes)
                .sum();
        boolean above = bound.isPresent() && removable > bound.get();
        return written(
                above ? "note" : "ok",
                "cache",
                String.format(
                        Locale.ROOT,
                        "%s: %s; %d kernels, %d templates; %s that can be removed are %s (ksplat cache list)",
                        root,
                        CacheShelf.gibibytes(all),
                        items.stream().filter(CacheBound.Item::isKernel).count(),
                        items.stream()
                                .filter(item -> item.kind().equals("template"))
                                .count(),
                        CacheShelf.gibibytes(removable),
                        bound.map(most -> (above ? "above the bound of " : "kept below ") + CacheShelf.gibibytes(most))
                                .orElse("kept without a bound")));
    }

    /** The default one, or any other of the distribution's. */
    private Optional<KernelSpec> cachedKernel() throws IOException {
        Cache cache = options.cache();
        List<String> keys = cache.keys("debian");
        KernelSpec standard = KernelSpec.parse(RunSettings.DEFAULT_KERNEL);
        if (standard instanceof KernelSpec.Debian debian
                && keys.stream().anyMatch(key -> key.startsWith(debian.version() + "."))) {
            return Optional.of(standard);
        }
        for (String key : keys) {
            Path version = cache.root().resolve("debian").resolve(key).resolve("version");
            if (key.contains("cloud") && Files.exists(version)) {
                return Optional.of(KernelSpec.parse(
                        "debian:" + Files.readString(version).strip().replaceFirst("-[^-]*$", "")));
            }
        }
        return Optional.empty();
    }

    private void machine(Kernel kernel) throws IOException, InterruptedException {
        MachineFactory factory = MachineFactory.open(options.cache(), options.accelerator());
        Accelerator accelerator = factory.accelerator(kernel, options.progress());
        accelerator(accelerator);
        MachineConfig config = factory.config(kernel, accelerator, CPUS, MEMORY_MIB, List.of());
        Path folder = Files.createTempDirectory("ksplat-doctor-");
        try (TemplateStore templates = new TemplateStore(factory, options.cache())) {
            options.progress().report("booting " + kernel.release());
            MachineFactory.Booted booted = factory.boot(config, folder.resolve("console.log"), options.progress());
            confinement(booted.guest().vm().confinement());
            booted.guest().close();
            Template template = templates.template(kernel, config, folder.resolve("console.log"), options.progress());
            long best = Long.MAX_VALUE;
            for (int i = 0; i < RESTORES; i++) {
                long start = System.nanoTime();
                try (Guest guest = template.restore(factory.programs(), folder.resolve("console.log"))) {
                    best = Math.min(best, System.nanoTime() - start);
                    guest.awaitBeats();
                }
            }
            line(
                    "ok",
                    "speed",
                    String.format(
                            Locale.ROOT,
                            "%s boots in %.1f s, is restored in %.2f s%s",
                            kernel.release(),
                            booted.millis() / 1e3,
                            best / 1e9,
                            booted.retries() == 0 ? "" : "; " + booted.retries() + " boots failed before"));
        } catch (IOException e) {
            works = false;
            line("FAILS", "machines", kernel.release() + " does not boot: " + e.getMessage());
        } finally {
            Folders.remove(folder);
        }
    }

    private void confinement(Confinement of) {
        List<String> holds = new ArrayList<>();
        List<String> lacks = new ArrayList<>();
        (of.filtered() ? holds : lacks).add("a seccomp filter");
        (of.noNewPrivileges() ? holds : lacks).add("no new privileges");
        (of.noCapabilities() ? holds : lacks).add("no capabilities");
        (of.ownNetwork() ? holds : lacks).add("no network");
        (of.ownFiles() ? holds : lacks).add("no files of others");
        (of.root() ? lacks : holds).add("a user who is not root");
        GroupLimits limits = of.limits();
        (limits.memoryBytes().isPresent() ? holds : lacks).add("a limit of memory");
        (limits.processes().isPresent() ? holds : lacks).add("a limit of processes");
        (limits.cpus() ? holds : lacks).add("a limit of CPU time");
        line(
                lacks.isEmpty() ? "ok" : "note",
                "QEMU",
                "confined by " + String.join(", ", holds)
                        + (lacks.isEmpty() ? "" : "; not by " + String.join(", ", lacks)) + " (SECURITY.md)");
    }

    private void accelerator(Accelerator found) {
        if (found == Accelerator.KVM) {
            line("ok", "KVM", "boots a kernel");
        } else if (options.accelerator().isPresent()) {
            line("note", "TCG", "as asked for; KVM was not tried");
        } else if (!Files.exists(KVM)) {
            line("note", "TCG", "there is no " + KVM + ": machines run several times slower than with KVM");
        } else if (!Files.isReadable(KVM) || !Files.isWritable(KVM)) {
            line(
                    "note",
                    "TCG",
                    KVM + " cannot be opened by you: machines run several times slower; remedy: adduser $USER kvm");
        } else {
            line(
                    "note",
                    "TCG",
                    KVM + " can be opened, but boots no kernel: machines run several times slower than with KVM");
        }
    }

    private void docker() throws InterruptedException {
        try {
            Process docker = new ProcessBuilder("docker", "version", "--format", "{{.Server.Version}}")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            boolean ended = docker.waitFor(20, TimeUnit.SECONDS);
            docker.destroyForcibly();
            if (ended && docker.exitValue() == 0) {
                line("ok", "Docker", "answers, for run --in-container");
            } else {
                line(
                        "note",
                        "Docker",
                        "no daemon answers: run --in-container needs one, or root, who gets one of its own");
            }
        } catch (IOException e) {
            line("note", "Docker", "is not installed: run --in-container works only for root, who gets one of its own");
        }
    }
}
