// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.engine.internal.Targets;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.snapshot.Snapshot;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Set;

/** Targets that behave as they are told. */
final class ScriptedTargets implements Targets {
    private final Path headers;
    private final Set<ScriptedTarget.Fault> faults = EnumSet.noneOf(ScriptedTarget.Fault.class);
    private final Map<String, Integer> globals = new HashMap<>();
    private final Queue<String> streamed = new ArrayDeque<>();
    private final List<ScriptedTarget> started = new ArrayList<>();
    private final List<String> told = new ArrayList<>();
    private final Map<String, String> notNow = new HashMap<>();
    private Optional<Path> config = Optional.empty();
    private Optional<KernelException> noKernel = Optional.empty();
    private Optional<IOException> noBoot = Optional.empty();

    ScriptedTargets(Path headers) {
        this.headers = headers;
    }

    /** Has every target that starts from now on fail so. */
    ScriptedTargets with(ScriptedTarget.Fault... more) {
        faults.addAll(List.of(more));
        return this;
    }

    /** Has a global variable of every object hold a value. */
    ScriptedTargets holding(String global, int value) {
        globals.put(global, value);
        return this;
    }

    /** Has each read of a stream take one of these from it. */
    ScriptedTargets streaming(String... texts) {
        streamed.addAll(List.of(texts));
        return this;
    }

    /** Has the kernel come with a configuration. */
    ScriptedTargets configuredBy(Path file) {
        config = Optional.of(file);
        return this;
    }

    ScriptedTargets withoutKernel(String why) {
        noKernel = Optional.of(new KernelException(why));
        return this;
    }

    ScriptedTargets withoutBoot(String why) {
        noBoot = Optional.of(new IOException(why));
        return this;
    }

    /** Has something not be begun. */
    ScriptedTargets without(String what, String why) {
        notNow.put(what, why);
        return this;
    }

    /** Returns what they were told that begins and ends, and when a target was started and closed, in order. */
    List<String> told() {
        return told;
    }

    /** Returns the targets that were started. */
    List<ScriptedTarget> started() {
        return started;
    }

    /** Returns the one that was started last. */
    ScriptedTarget last() {
        return started.get(started.size() - 1);
    }

    @Override
    public String key(KernelSpec spec) {
        return "7.2.0-scripted";
    }

    @Override
    public KernelInfo kernel(KernelSpec spec) throws IOException, KernelException {
        if (noKernel.isPresent()) {
            throw noKernel.get();
        }
        Kernel kernel = new Kernel(
                spec,
                "7.2.0-scripted",
                "7.2.0-scripted",
                headers.resolve("bzImage"),
                Optional.empty(),
                config,
                Optional.empty(),
                Optional.empty(),
                true,
                false,
                Optional.empty(),
                "digest");
        Symbols symbols = Symbols.parse(
                "0000000000000000 T _text\n0000000000001000 T spin\n".getBytes(StandardCharsets.US_ASCII));
        return new KernelInfo(kernel, "7.2.0-scripted", Accelerator.TCG, symbols, Btf.with("call_rcu"), headers);
    }

    @Override
    public boolean canFreeze() {
        return false;
    }

    @Override
    public void keepReady(int count) {}

    @Override
    public Started boot(Order order) throws IOException {
        if (noBoot.isPresent()) {
            throw noBoot.get();
        }
        told.add("started");
        ScriptedTarget target = new ScriptedTarget(order.consoleLog(), faults, globals, streamed);
        started.add(target);
        return new Started(target, 0, OptionalLong.of(1), OptionalLong.empty(), Optional.empty());
    }

    @Override
    public Started startIn(Path ram, Order order) throws IOException {
        return boot(order);
    }

    @Override
    public Started start(Order order, int more) throws IOException {
        return boot(order);
    }

    @Override
    public Started startFreezable(Order order) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Started resume(Snapshot snapshot, Path consoleLog, int more) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void begins(String what) throws IOException {
        if (notNow.containsKey(what)) {
            throw new IOException(notNow.get(what));
        }
        told.add("begins " + what);
    }

    @Override
    public void ended(String what) {
        told.add((started.isEmpty() || last().isClosed() ? "ended " : "ended, and its target lives, ") + what);
    }

    @Override
    public String version() {
        return "scripted";
    }

    @Override
    public void close() {}
}
