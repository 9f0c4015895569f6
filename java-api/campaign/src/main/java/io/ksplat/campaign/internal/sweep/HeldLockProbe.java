// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.arch.Role;
import io.ksplat.machine.internal.forensics.memory.KernelView;
import io.ksplat.machine.internal.qemu.GuestMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds the locks that the interrupted context holds. A kernel with lockdep knows them. On other kernels the probe
 * reads the lock words themselves: of all locks that the path takes or releases, whose addresses are the first argument
 * of the locking functions. A lock that was held at the anchor and is not released on the path is not found then.
 */
public final class HeldLockProbe {
    private final KernelView view;
    private final int cpu;
    private final Set<Long> locks;

    private HeldLockProbe(KernelView view, int cpu, Set<Long> locks) {
        this.view = view;
        this.cpu = cpu;
        this.locks = locks;
    }

    /**
     * Finds the locks of a path.
     *
     * @param consoleLog a temporary file, removed afterwards
     */
    public static HeldLockProbe of(SteppedPath path, KernelView view, Symbols symbols, int cpu, Path consoleLog)
            throws IOException {
        return new HeldLockProbe(view, cpu, view.hasLockdep() ? Set.of() : read(path, symbols, consoleLog));
    }

    private static Set<Long> read(SteppedPath path, Symbols symbols, Path consoleLog) throws IOException {
        Set<Long> locks = new LinkedHashSet<>();
        for (int n = 0; n <= path.length(); n++) {
            if (beginsLocking(path.address(n), symbols)) {
                try (SteppedPath.PausedMachine machine = path.pauseAt(n, consoleLog)) {
                    locks.add(machine.registers().get(Arch.guest().firstArgument()));
                }
                Files.deleteIfExists(consoleLog);
            }
        }
        return locks;
    }

    private static boolean beginsLocking(long address, Symbols symbols) {
        return symbols.at(address)
                .filter(function -> function.address() == address)
                .map(Symbol::name)
                .filter(name -> Arch.guest().functions().is(name, Role.LOCK_ARGUMENT))
                .isPresent();
    }

    /** Returns the names of the locks that are held now. */
    List<String> heldIn(GuestMemory memory) {
        return view.hasLockdep()
                ? view.heldLocks(memory, cpu)
                : locks.stream()
                        .map(lock -> view.heldSpinLock(memory, lock))
                        .flatMap(Optional::stream)
                        .toList();
    }
}
