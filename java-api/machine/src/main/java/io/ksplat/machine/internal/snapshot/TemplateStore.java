// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.snapshot;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.Progress;
import io.ksplat.machine.BootException;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.MachineFactory;
import io.ksplat.machine.internal.qemu.MachineConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The templates in the cache: made where they are missing, checked where they are there, never more than a bounded number. Where a
 * machine cannot be had from a template it is booted. Thread-safe; other processes may use the same cache.
 */
public final class TemplateStore implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TemplateStore.class);
    private static final String KIND = "template";

    /** So many are kept, those that were used last. */
    private static final int KEPT = 16;
    /** And no more of them than this; the files are sparse, and take less of the disk. */
    private static final long KEPT_BYTES = 8L << 30;
    /** What must be left on the disk when a template's memory is all written. */
    private static final long SPARE_BYTES = 256L << 20;

    private final MachineFactory host;
    private final Cache cache;
    private final Map<String, Template> opened = new ConcurrentHashMap<>();
    private final Map<String, String> refused = new ConcurrentHashMap<>();
    private final Map<Path, String> digests = new ConcurrentHashMap<>();
    private final StandbyPool pool;

    public TemplateStore(MachineFactory host, Cache cache) {
        this.host = host;
        this.cache = cache;
        this.pool = new StandbyPool(host.programs());
    }

    /** Has so many machines restored ahead of time while more are announced; none at first. */
    public void keepReady(int machines) {
        pool.limit(machines);
    }

    /**
     * A machine whose agent has answered.
     *
     * @param bootRetries boots that failed before one succeeded, where this call booted one
     * @param bootMs from the start of QEMU to the agent's word, where this call booted a machine, for itself or for a template
     * @param restoreMs the same for a machine that was restored
     * @param why it was booted though a template was wanted
     */
    public record Started(
            Guest guest, int bootRetries, OptionalLong bootMs, OptionalLong restoreMs, Optional<String> why) {

        /** As {@code results.json} names it. */
        public String origin() {
            return restoreMs.isPresent() ? "template" : "boot";
        }
    }

    /** A template, and the boot that it took where it was made now. */
    private record Made(Template template, int retries, OptionalLong bootMs) {}

    /** Boots a machine, whatever there is in the cache. */
    public Started boot(MachineConfig config, Path consoleLog, Progress progress) throws IOException {
        return started(host.boot(config, consoleLog, progress));
    }

    private static Started started(MachineFactory.Booted booted) {
        return new Started(
                booted.guest(),
                booted.retries(),
                OptionalLong.of(booted.millis()),
                OptionalLong.empty(),
                Optional.empty());
    }

    /** As {@link #boot}, with the guest's memory in a file: such a guest can be frozen where it stands. */
    public Started bootIn(Path ram, MachineConfig config, Path consoleLog, Progress progress) throws IOException {
        return started(host.bootIn(ram, config, consoleLog, progress));
    }

    /** As {@link #start(Kernel, MachineConfig, Path, int, Progress)}, where no other such machine is announced. */
    public Started start(Kernel kernel, MachineConfig config, Path consoleLog, Progress progress)
            throws IOException, InterruptedException {
        return start(kernel, config, consoleLog, 0, progress);
    }

    /**
     * Restores a machine from its template, which is made where there is none; boots it where that fails.
     *
     * @param more how many such machines will be wanted after this one
     * @throws BootException where the kernel does not come up
     */
    public Started start(Kernel kernel, MachineConfig config, Path consoleLog, int more, Progress progress)
            throws IOException, InterruptedException {
        String key = key(kernel, config);
        String reason = refused.get(key);
        for (int attempt = 0; attempt < 2 && reason == null; attempt++) {
            Made made;
            try {
                made = template(key, kernel, config, consoleLog, progress);
            } catch (BootException e) {
                throw e;
            } catch (IOException e) {
                // Another try would fail the same way, after as long.
                reason = String.valueOf(e.getMessage());
                refused.put(key, reason);
                LOG.debug("no template of {}", key, e);
                progress.report("no template, booting cold: " + reason);
                break;
            }
            try {
                return restore(made, consoleLog, more);
            } catch (IOException e) {
                LOG.debug("restoring {}", key, e);
                progress.report("a template is of no use, making it again: " + e.getMessage());
                discard(key, made.template());
                if (attempt == 1) {
                    reason = String.valueOf(e.getMessage());
                }
            }
        }
        Started booted = boot(config, consoleLog, progress);
        return new Started(
                booted.guest(),
                booted.bootRetries(),
                booted.bootMs(),
                booted.restoreMs(),
                Optional.of("booted cold: " + reason));
    }

    /**
     * The template of a machine, from the cache or made now.
     *
     * @param consoleLog where the console of the boot goes that making one takes
     */
    public Template template(Kernel kernel, MachineConfig config, Path consoleLog, Progress progress)
            throws IOException, InterruptedException {
        return template(key(kernel, config), kernel, config, consoleLog, progress)
                .template();
    }

    private Started restore(Made made, Path consoleLog, int more) throws IOException {
        long start = System.nanoTime();
        RestoredMachine machine = pool.take(made.template(), more);
        return restored(made, made.template().wake(machine, consoleLog), start);
    }

    private static Started restored(Made made, Guest guest, long start) {
        return new Started(
                guest,
                made.retries(),
                made.bootMs(),
                OptionalLong.of((System.nanoTime() - start) / 1_000_000),
                Optional.empty());
    }

    /**
     * Restores a machine from a template of the middle of an experiment.
     *
     * @param more how many such machines will be wanted after this one
     */
    public Started resume(Snapshot checkpoint, Path consoleLog, int more) throws IOException {
        return restore(new Made(checkpoint.template(), 0, OptionalLong.empty()), consoleLog, more);
    }

    /**
     * Restores a machine that can be frozen again, as a {@link Snapshot}.
     *
     * @throws MachineException where the disk has no room for its memory
     */
    public Started startOwn(Kernel kernel, MachineConfig config, Path consoleLog, Progress progress)
            throws IOException, InterruptedException {
        checkSpace(Path.of(System.getProperty("java.io.tmpdir")), config);
        Made made = template(key(kernel, config), kernel, config, consoleLog, progress);
        long start = System.nanoTime();
        return restored(made, made.template().restoreOwn(host.programs(), consoleLog), start);
    }

    private static void checkSpace(Path folder, MachineConfig config) throws IOException {
        long needed = ((long) config.memoryMiB() << 20) + SPARE_BYTES;
        long free = Files.getFileStore(folder).getUsableSpace();
        if (free < needed) {
            throw new MachineException("a template may need " + (needed >> 20) + " MiB, and " + folder + " has "
                    + (free >> 20) + " MiB free");
        }
    }

    private Made template(String key, Kernel kernel, MachineConfig config, Path consoleLog, Progress progress)
            throws IOException, InterruptedException {
        Template known = opened.get(key);
        if (known != null) {
            return new Made(known, 0, OptionalLong.empty());
        }
        Building building = new Building(kernel, config, consoleLog, progress);
        Path folder = cache.<IOException>entry(KIND, key, building::build);
        Template template;
        try {
            template = Template.open(config, folder);
        } catch (Template.Damaged e) {
            progress.report(e.getMessage() + "; making it again");
            cache.remove(KIND, key);
            template = Template.open(config, cache.<IOException>entry(KIND, key, building::build));
        }
        opened.put(key, template);
        building.booted.ifPresent(booted -> LOG.info("made the template {}", key));
        return new Made(
                template,
                building.booted.map(MachineFactory.Booted::retries).orElse(0),
                building.booted.map(booted -> OptionalLong.of(booted.millis())).orElse(OptionalLong.empty()));
    }

    /** Makes one template. */
    private final class Building {
        private final Kernel kernel;
        private final MachineConfig config;
        private final Path consoleLog;
        private final Progress progress;
        private Optional<MachineFactory.Booted> booted = Optional.empty();

        Building(Kernel kernel, MachineConfig config, Path consoleLog, Progress progress) {
            this.kernel = kernel;
            this.config = config;
            this.consoleLog = consoleLog;
            this.progress = progress;
        }

        void build(Path folder) throws IOException, InterruptedException {
            makeRoom();
            checkSpace(folder, config);
            progress.step("template");
            progress.report("making a template of " + kernel.release());
            MachineFactory.Booted machine;
            try {
                machine = host.bootIn(folder.resolve(Template.RAM), config, consoleLog, progress);
            } catch (MachineException e) {
                // A machine that writes to memory which the disk has no room for is killed, and no kernel is at fault.
                checkSpace(folder, config);
                throw e;
            }
            booted = Optional.of(machine);
            Template.freeze(machine.guest(), folder);
            Template.open(config, folder).prove(host.programs(), folder.resolve("proof.log"));
        }

        /** For one more. */
        private void makeRoom() throws IOException, InterruptedException {
            cache.sweep(KIND);
            List<Cache.Entry> entries = new ArrayList<>(cache.entries(KIND));
            entries.sort(Comparator.comparing(Cache.Entry::lastUsed).reversed());
            long bytes = (long) config.memoryMiB() << 20;
            int count = 1;
            for (Cache.Entry entry : entries) {
                bytes += entry.bytes();
                if (++count > KEPT || bytes > KEPT_BYTES) {
                    cache.remove(KIND, entry.key());
                }
            }
        }
    }

    /** Takes away a template that failed, unless somebody has made another in its place. */
    private void discard(String key, Template template) throws IOException, InterruptedException {
        opened.remove(key, template);
        boolean removed = cache.<Boolean, IOException>locked(KIND, key, () -> {
            boolean same;
            try {
                same = template.isIn(template.folder());
            } catch (Template.Damaged damaged) {
                same = true;
            }
            return same && cache.remove(KIND, key);
        });
        LOG.debug("the template {} is {}", key, removed ? "removed" : "replaced already");
    }

    /** Tells apart all machines that differ before their first instruction. */
    private String key(Kernel kernel, MachineConfig config) throws IOException, InterruptedException {
        String identity = String.join(
                "\n",
                "format " + TemplateManifest.FORMAT,
                kernel.key(),
                kernel.digest(),
                digestOf(config.initramfs()),
                qemuVersion(),
                config.identity());
        return kernel.key() + "-"
                + sha(identity.getBytes(StandardCharsets.UTF_8)).substring(0, 16);
    }

    private String digestOf(Path file) throws IOException {
        String known = digests.get(file);
        if (known == null) {
            known = sha(Files.readAllBytes(file));
            digests.put(file, known);
        }
        return known;
    }

    /** Asked for once for every program file; starting QEMU to ask takes as long as restoring a machine. */
    private String qemuVersion() throws IOException, InterruptedException {
        Path binary = host.programs().qemuBinary();
        String file = binary + " " + Files.size(binary) + " " + Files.getLastModifiedTime(binary);
        Path answer = cache.<IOException>entry(
                "qemu",
                sha(file.getBytes(StandardCharsets.UTF_8)),
                fresh -> Files.writeString(
                        fresh.resolve("version"), host.programs().qemuVersion()));
        return Files.readString(answer.resolve("version"));
    }

    /** Ends the machines that stand ready. */
    @Override
    public void close() {
        pool.close();
    }

    private static String sha(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
