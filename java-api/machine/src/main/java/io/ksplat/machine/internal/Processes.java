// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.machine.GuestProcess;
import io.ksplat.machine.Target;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Starts commands on a target as a terminal does: on all CPUs, in a folder, as a user. */
public interface Processes extends Target.Capability {
    /** Whose process it is. */
    record User(int id, int group) {}

    /**
     * A command.
     *
     * @param argv the first is looked for in {@code folder}, or on the path
     * @param environment {@code NAME=VALUE}, all of it
     * @param root its root directory; empty: the target's own
     * @param folder within its root directory
     * @param user empty: root
     */
    record Command(
            List<String> argv, List<String> environment, Optional<String> root, String folder, Optional<User> user) {
        public Command {
            argv = List.copyOf(argv);
            environment = List.copyOf(environment);
        }

        /** Returns a command of root's in {@code /}. */
        public static Command of(String... argv) {
            return new Command(List.of(argv), List.of(), Optional.empty(), "/", Optional.empty());
        }
    }

    /**
     * Starts a command.
     *
     * @param output where what it prints goes, as in {@link io.ksplat.machine.GuestControl#spawn(int, Path, String...)}
     */
    GuestProcess start(Command command, Path output) throws IOException;

    /**
     * Runs a command to its end.
     *
     * @throws io.ksplat.machine.MachineException with what it printed, if it fails
     */
    void run(Command command) throws IOException;

    /** Makes a directory with a mode; it may be there. */
    void makeDirectory(String path, int mode) throws IOException;
}
