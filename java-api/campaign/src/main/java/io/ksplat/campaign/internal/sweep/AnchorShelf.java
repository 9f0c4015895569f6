// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.engine.Catalogue;
import io.ksplat.engine.RunOutcome;
import io.ksplat.engine.RunRequest;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Runner;
import io.ksplat.engine.Session;
import io.ksplat.engine.SessionOptions;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.MachineFactory;
import io.ksplat.machine.internal.qemu.MachineConfig;
import io.ksplat.machine.internal.snapshot.Template;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/** Freezes machines at an anchor, and keeps them in the cache. */
public final class AnchorShelf {
    private static final int KEPT = 8;

    private final Runner runner;
    private final Cache cache;
    private final MachineFactory host;
    private final Path report;
    private final Progress progress;
    private final Session session;
    /** Of the kernel that was opened last: its symbols and its BTF take seconds to read. */
    private Optional<KernelInfo> last = Optional.empty();

    private AnchorShelf(
            Session session, Runner runner, Cache cache, MachineFactory host, Path report, Progress progress) {
        this.session = session;
        this.runner = runner;
        this.cache = cache;
        this.host = host;
        this.report = report;
        this.progress = progress;
    }

    /**
     * Opens the anchors of the cache.
     *
     * @param session its machines must run under TCG, see {@link #options}
     * @param runner runs reproducers up to an anchor
     * @param report receives what these runs leave
     */
    public static AnchorShelf open(Session session, Runner runner, Path report, Progress progress)
            throws IOException, InterruptedException {
        Cache cache = Cache.standard();
        return new AnchorShelf(
                session, runner, cache, MachineFactory.open(cache, Optional.of(Accelerator.TCG)), report, progress);
    }

    /** Returns what a session needs whose machines can be frozen at an anchor. */
    public static SessionOptions options(Progress progress) {
        return SessionOptions.standard(progress).withAccelerator(Optional.of(Accelerator.TCG.id()));
    }

    /** Freezes the machine of a sweep, of whose program nothing is read but its controls. */
    String freeze(SweepRequest request) throws IOException, InterruptedException {
        return freeze(
                request.reproducer(), request.kernel(), request.from(), request.hit(), List.of(), Optional.empty());
    }

    /**
     * Runs a reproducer up to the anchor and returns the name under which its machine is kept.
     *
     * @param globals variables of its program that are to be read beside its controls
     * @param released a variable for which its program waits, see {@link AnchorCapture}
     * @throws NoAnchorException if the run ended before
     */
    public String freeze(
            Catalogue.Entry reproducer,
            String kernel,
            String from,
            int hit,
            List<String> globals,
            Optional<String> released)
            throws IOException, InterruptedException {
        makeRoom();
        byte[] suffix = new byte[3];
        ThreadLocalRandom.current().nextBytes(suffix);
        String name = safe(String.join(
                "-",
                reproducer.fullId().replace('/', '+'),
                kernel,
                from,
                HexFormat.of().formatHex(suffix)));
        cache.<IOException>entry(Anchor.KIND, name, fresh -> {
            AnchorCapture capture =
                    new AnchorCapture(kernel, session.qemuVersion(), from, hit, globals, released, fresh);
            RunOutcome outcome = runner.run(new RunRequest(
                    session,
                    reproducer,
                    RunSettings.of(kernel).reportedIn(report).capturedBy(new RunSettings.Capture(capture, fresh))));
            if (!Anchor.isIn(fresh)) {
                throw new NoAnchorException(from, outcome);
            }
        });
        return name;
    }

    /** Returns a text as the cache takes it for a name, and a file system too: what it does not take is an underscore. */
    public static String safe(String text) {
        return text.replaceAll("[^A-Za-z0-9._+~=@-]", "_");
    }

    /**
     * Returns what describes a kept machine.
     *
     * @throws IllegalArgumentException if there is none of this name
     */
    public static Anchor kept(String name) throws IOException {
        return Anchor.read(folder(Cache.standard(), name));
    }

    private static Path folder(Cache cache, String name) throws IOException {
        Optional<Path> kept = cache.find(Anchor.KIND, name);
        if (kept.isEmpty()) {
            List<String> there =
                    cache.entries(Anchor.KIND).stream().map(Cache.Entry::key).toList();
            throw new IllegalArgumentException("there is no anchor " + name + "; the cache has: "
                    + (there.isEmpty() ? "none" : String.join(", ", there)));
        }
        return kept.get();
    }

    /**
     * Opens a kept machine.
     *
     * @throws IllegalArgumentException if there is none of this name
     * @throws MachineException if this host's QEMU cannot restore it, or the kernel is another one now
     */
    public FrozenMachine open(String name) throws IOException, InterruptedException, KernelException {
        Path kept = folder(cache, name);
        Anchor anchor = Anchor.read(kept);
        anchor.checkQemu(host.qemuVersion());
        KernelInfo kernel = info(KernelSpec.parse(anchor.kernel()));
        if (!kernel.kernel().key().equals(anchor.key())) {
            throw new MachineException("the anchor " + name + " belongs to the kernel " + anchor.key() + ", and "
                    + anchor.kernel() + " is " + kernel.kernel().key() + " now: sweep without --anchor");
        }
        MachineConfig config =
                host.config(kernel.kernel(), Accelerator.TCG, anchor.cpus(), anchor.memoryMiB(), List.of());
        Template template = Template.open(config, kept);
        Symbols symbols = kernel.symbolsAt(template.text())
                .plus(anchor.programs().stream().map(Anchor.Program::symbol).toList());
        return new FrozenMachine(anchor, template, kernel, symbols, host.programs(), cache);
    }

    private KernelInfo info(KernelSpec spec) throws IOException, InterruptedException, KernelException {
        Kernel kernel = new Kernels(cache).resolve(spec, progress);
        Optional<KernelInfo> known = last.filter(info -> info.kernel().key().equals(kernel.key()));
        last = Optional.of(known.isPresent() ? known.get() : KernelInfo.of(kernel, host, cache, progress));
        return last.get();
    }

    /** Removes a kept machine. */
    public void remove(String name) throws IOException, InterruptedException {
        cache.remove(Anchor.KIND, name);
    }

    private void makeRoom() throws IOException, InterruptedException {
        List<Cache.Entry> entries = new ArrayList<>(cache.entries(Anchor.KIND));
        entries.sort(Comparator.comparing(Cache.Entry::lastUsed).reversed());
        for (Cache.Entry old : entries.stream().skip(KEPT - 1).toList()) {
            cache.remove(Anchor.KIND, old.key());
        }
    }
}
