// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import io.ksplat.bpf.BpfTarget;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * Where a scenario runs. Every target loads BPF, runs commands and has a console; what else it can do is a {@link Capability}: a QEMU
 * machine can be looked into from outside, sent NMIs, frozen and dumped.
 *
 * <pre>{@code
 * GuestControl control = target.control();
 * byte[] version = control.readFile("/proc/version");
 * GuestKernel kernel = target.kernel();
 * ConsoleLog console = target.console();
 * System.out.println(kernel.release() + " on " + kernel.cpus() + " CPUs writes to " + console.file());
 * }</pre>
 */
public interface Target extends BpfTarget, AutoCloseable {
    /** What some targets can do and others cannot. */
    interface Capability {}

    /** Returns the running kernel, as the agent described it when it was ready. */
    GuestKernel kernel();

    /** Returns what runs commands on it. */
    GuestControl control();

    /** Returns its console. */
    ConsoleLog console();

    /**
     * Hands the console to a reader, from a mark on that a new experiment leaves there.
     *
     * @param token stands in the mark
     */
    void beginExperiment(String token, ConsoleLog.Reader reader) throws IOException;

    /** Hands the console to a reader, on a target that was restored from one whose experiment had begun. */
    void resumeExperiment(ConsoleLog.Reader reader);

    /** Returns how long to wait for what a fast machine does in {@code time}: an emulated one takes longer. */
    Duration scale(Duration time);

    /** Returns how long it has waited for a CPU of its host so far, in nanoseconds: in that time it could do nothing. */
    default long starvedNanos() {
        return 0;
    }

    /** Returns what it can do of one kind; empty if it cannot. */
    <C extends Capability> Optional<C> find(Class<C> capability);

    @Override
    void close() throws IOException;
}
