// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.engine.internal.ChosenMachine;
import io.ksplat.engine.internal.LoggedProgress;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Progress;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.internal.qemu.QemuLauncher;
import io.ksplat.results.ToolRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * What all runs of a session have in common.
 *
 * @param accelerator the one to use; empty: the best that boots a kernel
 * @param fragments files with lines of a kernel's configuration, on top of the profile of a kernel that is built
 * @param launcher what starts QEMU elsewhere; empty: it runs on this host
 * @param tool what this ksplat was called with; empty if it is used as a library
 * @param on the real machine to run on; empty: machines in QEMU
 */
public record SessionOptions(
        Cache cache,
        Progress progress,
        Optional<Accelerator> accelerator,
        List<Path> fragments,
        Optional<QemuLauncher> launcher,
        Optional<ToolRecord> tool,
        Optional<ChosenMachine> on) {
    /** The version of this ksplat. */
    public static final String VERSION = "0.1.0";

    public SessionOptions {
        fragments = List.copyOf(fragments);
    }

    /** Returns options with this host's cache, and nothing chosen. */
    public static SessionOptions standard(Progress progress) {
        return new SessionOptions(
                Cache.standard(),
                progress,
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    /**
     * Reads them from parameters named as in {@link RunSettings.Keys}.
     *
     * @throws IllegalArgumentException in one line, if a value makes no sense
     */
    public static SessionOptions read(Function<String, Optional<String>> parameters) {
        SessionOptions options = standard(new LoggedProgress())
                .withAccelerator(RunSettings.Keys.ACCELERATOR, parameters.apply(RunSettings.Keys.ACCELERATOR))
                .withFragments(parameters.apply(RunSettings.Keys.CONFIG).stream()
                        .flatMap(text -> Arrays.stream(text.split(",")))
                        .map(Path::of)
                        .toList());
        try {
            return options.withContainer(parameters.apply(RunSettings.Keys.CONTAINER));
        } catch (IOException e) {
            throw new IllegalArgumentException(RunSettings.Keys.CONTAINER + ": " + e.getMessage(), e);
        }
    }

    /** Returns these with an accelerator by its name; empty: the best that boots a kernel. */
    public SessionOptions withAccelerator(Optional<String> name) {
        return withAccelerator("--accelerator", name);
    }

    private SessionOptions withAccelerator(String key, Optional<String> name) {
        return new SessionOptions(
                cache,
                progress,
                name.map(text -> RunSettings.word(Accelerator.class, key, text)),
                fragments,
                launcher,
                tool,
                on);
    }

    /** Returns these with another place where progress is told. */
    public SessionOptions withProgress(Progress other) {
        return new SessionOptions(cache, other, accelerator, fragments, launcher, tool, on);
    }

    /** Returns these with what this ksplat was called with, which the records keep. */
    public SessionOptions calledWith(List<String> arguments) {
        return new SessionOptions(
                cache, progress, accelerator, fragments, launcher, Optional.of(ToolRecord.of(VERSION, arguments)), on);
    }

    /** Returns these with files of configuration. */
    public SessionOptions withFragments(List<Path> files) {
        return new SessionOptions(cache, progress, accelerator, files, launcher, tool, on);
    }

    /** Returns these with a real machine to run on. */
    public SessionOptions on(Optional<ChosenMachine> machine) {
        return new SessionOptions(cache, progress, accelerator, fragments, launcher, tool, machine);
    }

    /**
     * Returns these with machines that run in containers of an image; empty: on this host.
     *
     * @throws IOException if {@code io.ksplat:ksplat-container} is not on the class path, or there is no Docker, or no such image
     */
    public SessionOptions withContainer(Optional<String> image) throws IOException {
        if (image.isEmpty()) {
            return new SessionOptions(cache, progress, accelerator, fragments, Optional.empty(), tool, on);
        }
        return new SessionOptions(
                cache,
                progress,
                accelerator,
                fragments,
                Optional.of(QemuLauncher.of("container", image.get())),
                tool,
                on);
    }
}
