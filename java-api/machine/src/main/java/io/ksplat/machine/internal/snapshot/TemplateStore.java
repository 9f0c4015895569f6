// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.snapshot;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.Progress;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.BootException;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.MachineFactory;
import io.ksplat.machine.internal.qemu.MachineConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
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
 * The templates in the cache: makes missing ones, checks existing ones, and limits their number. Boots a machine if it cannot be
 * restored from a template. Thread-safe; other processes may use the same cache.
 */
public final class TemplateStore implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TemplateStore.class);
    private static final String KIND = "template";

    /** The number of templates that are kept: those that were used last. */
    private static final int KEPT = 16;
    /** The limit of their total size; the files are sparse, and take less of the disk. */
    private static final long KEPT_BYTES = 8L << 30;
    /** The space that must be left on the disk after all of a template's memory is written. */
    private static final long SPARE_BYTES = 256L << 20;

    private final MachineFactory factory;
    private final Cache cache;
    private final Map<String, Template> opened = new ConcurrentHashMap<>();
    private final Map<String, String> refused = new ConcurrentHashMap<>();
    private final Map<Path, String> digests = new ConcurrentHashMap<>();
    private final StandbyPool pool;

    public TemplateStore(MachineFactory factory, Cache cache) {
        this.factory = factory;
        this.cache = cache;
        this.pool = new StandbyPool(factory.programs());
    }

    /** Sets how many machines to restore in advance (default 0). */
    public void keepReady(int machines) {
        pool.limit(machines);
    }

    /**
     * A machine whose agent has answered.
     *
     * @param bootRetries failed boots before one succeeded, if this call booted a machine
     * @param bootMs the time from the start of QEMU to the agent's answer, if this call booted a machine, also for a template
     * @param restoreMs the same for a restored machine
     * @param why the reason if it was booted although a template was wanted
     */
    public record Started(
            Guest guest, int bootRetries, OptionalLong bootMs, OptionalLong restoreMs, Optional<String> why) {

        /** Returns its origin as {@code results.json} spells it. */
        public String origin() {
            return restoreMs.isPresent() ? "template" : "boot";
        }
    }

    /** A template, and the boot if it was made now. */
    private record Made(Template template, int retries, OptionalLong bootMs) {}

    /** Boots a machine, also if there is a template. */
    public Started boot(MachineConfig config, Path consoleLog, Progress progress) throws IOException {
        return started(factory.boot(config, consoleLog, progress));
    }

    private static Started started(MachineFactory.Booted booted) {
        return new Started(
                booted.guest(),
                booted.retries(),
                OptionalLong.of(booted.millis()),
                OptionalLong.empty(),
                Optional.empty());
    }

    /**
     * Restores a machine from its template, or boots it if that fails, with the guest's memory in a file, so that it can be frozen at
     * any moment.
     *
     * @param ram the file, which must not be there: what somebody else has in it would be overwritten
     */
    public Started startIn(Path ram, Kernel kernel, MachineConfig config, Path consoleLog, Progress progress)
            throws IOException, InterruptedException {
        if (Files.exists(ram, LinkOption.NOFOLLOW_LINKS)) {
            throw new MachineException("a machine's memory needs a file of its own, and " + ram
                    + " is there already: remove it, or name another folder");
        }
        try {
            Made made = template(key(kernel, config), kernel, config, consoleLog, progress);
            long start = System.nanoTime();
            RestoredMachine machine = made.template().prepareIn(ram, factory.programs());
            return restored(made, made.template().wake(machine, consoleLog), start);
        } catch (BootException e) {
            throw e;
        } catch (IOException e) {
            progress.report("cannot restore a machine, booting instead: " + why(e));
            LOG.debug("restoring into {}", ram, e);
            Files.deleteIfExists(ram);
            return insteadOfRestored(started(factory.bootIn(ram, config, consoleLog, progress)), why(e));
        }
    }

    /** A channel that was closed has no message (ClosedChannelException). */
    private static String why(IOException e) {
        String message = e.getMessage();
        return message == null ? e.toString() : message;
    }

    /** Does the same as {@link #start(Kernel, MachineConfig, Path, int, Progress)} without announcing further machines. */
    public Started start(Kernel kernel, MachineConfig config, Path consoleLog, Progress progress)
            throws IOException, InterruptedException {
        return start(kernel, config, consoleLog, 0, progress);
    }

    /**
     * Restores a machine from its template, which is made if there is none; boots the machine if that fails.
     *
     * @param more the number of such machines that will be wanted after this one
     * @throws BootException if the kernel does not boot
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
                // Another attempt would fail in the same way.
                reason = why(e);
                refused.put(key, reason);
                LOG.debug("no template of {}", key, e);
                progress.report("cannot make a template, booting instead: " + reason);
                break;
            }
            try {
                return restore(made, consoleLog, more);
            } catch (IOException e) {
                LOG.debug("restoring {}", key, e);
                progress.report("cannot restore the template, making it again: " + why(e));
                discard(key, made.template());
                if (attempt == 1) {
                    reason = why(e);
                }
            }
        }
        return insteadOfRestored(boot(config, consoleLog, progress), String.valueOf(reason));
    }

    private static Started insteadOfRestored(Started booted, String reason) {
        return new Started(
                booted.guest(),
                booted.bootRetries(),
                booted.bootMs(),
                booted.restoreMs(),
                Optional.of("booted, not restored: " + reason));
    }

    /**
     * Returns the template of a machine, from the cache or made now.
     *
     * @param consoleLog the file for the console's output if it is made now
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
     * Restores a machine from a snapshot.
     *
     * @param more the number of such machines that will be wanted after this one
     */
    public Started resume(Snapshot snapshot, Path consoleLog, int more) throws IOException {
        return restore(new Made(snapshot.template(), 0, OptionalLong.empty()), consoleLog, more);
    }

    /**
     * Restores a machine that can be frozen again, as a {@link Snapshot}.
     *
     * @throws MachineException if the disk has no room for its memory
     */
    public Started startOwn(Kernel kernel, MachineConfig config, Path consoleLog, Progress progress)
            throws IOException, InterruptedException {
        checkSpace(Path.of(System.getProperty("java.io.tmpdir")), config);
        Made made = template(key(kernel, config), kernel, config, consoleLog, progress);
        long start = System.nanoTime();
        return restored(made, made.template().restoreOwn(factory.programs(), consoleLog), start);
    }

    private static void checkSpace(Path folder, MachineConfig config) throws IOException {
        long needed = ((long) config.memoryMiB() << 20) + SPARE_BYTES;
        long free = Files.getFileStore(folder).getUsableSpace();
        if (free < needed) {
            throw new MachineException("a template may need " + (needed >> 20) + " MiB, but " + folder + " has only "
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
                machine = factory.bootIn(folder.resolve(Template.RAM), config, consoleLog, progress);
            } catch (MachineException e) {
                // A machine whose memory the disk has no room for is killed: that is no fault of the kernel.
                checkSpace(folder, config);
                throw e;
            }
            booted = Optional.of(machine);
            Template.freeze(machine.guest(), folder);
            Template.open(config, folder).prove(factory.programs(), folder.resolve("proof.log"));
        }

        /** Removes old templates, so that one more fits the limits. */
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

    /** Removes a template that failed, unless another process has replaced it. */
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

    /** Returns a key that differs for machines that differ before their first instruction. */
    private String key(Kernel kernel, MachineConfig config) throws IOException, InterruptedException {
        String identity = String.join(
                "\n",
                "format " + TemplateManifest.FORMAT,
                kernel.key(),
                kernel.digest(),
                digestOf(config.initramfs()),
                factory.qemuVersion(),
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

    /** Ends the machines that were restored in advance. */
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
