// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.machine.internal.real.ConsoleSource;
import io.ksplat.machine.internal.real.MachineEntry;
import io.ksplat.machine.internal.real.MachinesFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** The real machine that a user has chosen to run on. */
public record ChosenMachine(MachineEntry entry) {
    /**
     * Finds it.
     *
     * @param target a name of machines.toml, {@code ssh:USER@HOST}, or {@code local}
     * @param machines the file that describes machines; empty: the user's own
     * @param console a command that prints its console, instead of what the file says
     * @throws IllegalArgumentException if there is none, or the file is wrong
     */
    public static ChosenMachine find(String target, Optional<Path> machines, Optional<String> console)
            throws IOException {
        MachinesFile file = machines.isPresent() ? new MachinesFile(machines.get()) : MachinesFile.standard();
        MachineEntry entry = file.find(target);
        return new ChosenMachine(console.map(command -> entry.heardBy(new ConsoleSource.Command(command)))
                .orElse(entry));
    }

    /** Returns its name. */
    public String name() {
        return entry.name();
    }

    /** Returns whether its owner gives it up. */
    public boolean sacrificial() {
        return entry.sacrificial();
    }
}
