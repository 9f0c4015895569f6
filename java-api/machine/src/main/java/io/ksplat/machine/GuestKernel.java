// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import io.ksplat.machine.internal.agent.proto.Hello;
import java.util.Optional;

/**
 * A running kernel, in the agent's words.
 *
 * @param release as {@code uname -r} prints it
 * @param version as {@code uname -v} prints it
 * @param cpus those that are online
 * @param text the virtual address of {@code _text}: where KASLR put the kernel
 * @param lockdepOn what /proc/lockdep_stats says of {@code debug_locks}; empty if the kernel has no lockdep
 * @param btf whether it has /sys/kernel/btf/vmlinux
 */
public record GuestKernel(
        String release, String version, int cpus, long text, Optional<Boolean> lockdepOn, boolean btf) {

    /** Reads what the agent said. */
    public static GuestKernel of(Hello hello) {
        return new GuestKernel(
                hello.getRelease(),
                hello.getVersion(),
                hello.getCpus(),
                hello.getText(),
                hello.hasDebugLocks() ? Optional.of(hello.getDebugLocks()) : Optional.empty(),
                hello.getHasBtf());
    }
}
