// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A real machine, as machines.toml describes it.
 *
 * @param name as {@code --on} names it
 * @param ssh the destination for OpenSSH; empty: the machine that this process runs on
 * @param sshOptions come before the destination
 * @param sacrificial whether its owner gives it up: ksplat does not ask before it touches it
 * @param nmi a command that sends it an NMI from outside
 * @param reset a command that resets it
 * @param bootCommand a command that has it boot a kernel once; empty: kexec
 * @param boot how long it takes from a reset to an ssh connection, at most
 * @param slowness how many times longer than a fast machine it takes for anything
 */
public record MachineEntry(
        String name,
        Optional<String> ssh,
        List<String> sshOptions,
        boolean sacrificial,
        ConsoleSource console,
        Optional<String> nmi,
        Optional<String> reset,
        Optional<String> bootCommand,
        Duration boot,
        int slowness) {
    /** How long a machine may boot whose entry does not say. */
    static final Duration BOOT = Duration.ofMinutes(10);

    public MachineEntry {
        sshOptions = List.copyOf(sshOptions);
    }

    /** Returns the machine of a destination that no file describes. */
    static MachineEntry at(String destination) {
        return new MachineEntry(
                destination,
                Optional.of(destination),
                List.of(),
                false,
                new ConsoleSource.Kmsg(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                BOOT,
                1);
    }

    /** Returns the machine that this process runs on. */
    static MachineEntry here() {
        return new MachineEntry(
                MachinesFile.LOCAL,
                Optional.empty(),
                List.of(),
                false,
                new ConsoleSource.Kmsg(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                BOOT,
                1);
    }

    /** Returns this with another console. */
    public MachineEntry heardBy(ConsoleSource other) {
        return new MachineEntry(name, ssh, sshOptions, sacrificial, other, nmi, reset, bootCommand, boot, slowness);
    }

    /** Returns what a fast machine does in {@code time} may take here. */
    public Duration scale(Duration time) {
        return time.multipliedBy(slowness);
    }
}
