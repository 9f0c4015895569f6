// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.engine.MachineNeeds;
import io.ksplat.engine.Scenario;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.Target;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.snapshot.Snapshot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Where a session's targets come from: QEMU machines, or what stands in for them in a test. Thread-safe. */
public interface Targets extends AutoCloseable {
    /**
     * What a target is to be.
     *
     * @param consoleLog where its console goes
     */
    record Order(
            KernelInfo kernel,
            Accelerator accelerator,
            MachineNeeds machine,
            List<String> bootParameters,
            Path consoleLog) {
        public Order {
            bootParameters = List.copyOf(bootParameters);
        }
    }

    /**
     * A target whose agent has answered.
     *
     * @param bootRetries boots that failed before one succeeded
     * @param bootMs from the start of QEMU to the agent's word, if one was booted
     * @param restoreMs the same for a machine that was restored
     * @param why it was booted though a template was wanted
     */
    record Started(Target target, int bootRetries, OptionalLong bootMs, OptionalLong restoreMs, Optional<String> why) {
        /** Returns {@code boot} or {@code template}. */
        public String origin() {
            return restoreMs.isPresent() ? "template" : "boot";
        }
    }

    /** Returns the key of a kernel, fetched or built. */
    String key(KernelSpec spec) throws InterruptedException, KernelException;

    /** Returns a kernel, fetched or built, and what a boot of it tells. */
    KernelInfo kernel(KernelSpec spec) throws IOException, InterruptedException, KernelException;

    /** Returns whether they are real machines: there is no fresh one, and none under an emulator. */
    default boolean isReal() {
        return false;
    }

    /** Returns what they are, in a word of the record of a run: {@code qemu}, or a real machine's name. */
    default String name() {
        return "qemu";
    }

    /** Returns what targets cannot be given of what a scenario needs, in words; empty if they can be given all of it. */
    default Optional<String> lacking(Scenario scenario) {
        return Optional.empty();
    }

    /** Returns whether targets can be frozen and restored. */
    boolean canFreeze();

    /** Sets how many targets to restore in advance while more attempts are announced (default 0). */
    void keepReady(int count) throws IOException, InterruptedException;

    /** Boots a target. */
    Started boot(Order order) throws IOException, InterruptedException;

    /** Restores a target from its template, or boots one, with its memory in a file, so that it can be frozen where it stands. */
    Started startIn(Path ram, Order order) throws IOException, InterruptedException;

    /**
     * Restores a target from its template, or boots one.
     *
     * @param more how many such targets will be wanted after this one
     */
    Started start(Order order, int more) throws IOException, InterruptedException;

    /** Restores a target that can be frozen again. */
    Started startFreezable(Order order) throws IOException, InterruptedException;

    /** Restores a target that was frozen in the middle of a run. */
    Started resume(Snapshot snapshot, Path consoleLog, int more) throws IOException, InterruptedException;

    /**
     * Learns that something is about to run on a target, before it does.
     *
     * @param what the scenario and its kernel, in a line
     * @throws IOException if it must not run now, and why
     */
    default void begins(String what) throws IOException {}

    /** Learns that something that was begun has ended, and its target with it, whatever came of it. */
    default void ended(String what) throws IOException {}

    /** Returns the version of what runs the targets. */
    String version() throws IOException, InterruptedException;

    /** Ends the targets that stand ready. */
    @Override
    void close();
}
