// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Register;
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
 * Which locks are held where, by the context that the NMI interrupts. Lockdep tells, in kernels that have it. Elsewhere it is read from
 * the locks themselves: those that the way takes or releases, whose addresses are the first argument of the functions that do it; what was
 * held at the anchor already and is not released on the way is not known then.
 */
final class HeldLockProbe {
    /** kernel/locking/spinlock.c: they have the lock's address in RDI when they begin. */
    private static final Set<String> LOCKING = Set.of(
            "_raw_spin_lock",
            "_raw_spin_lock_irq",
            "_raw_spin_lock_irqsave",
            "_raw_spin_lock_bh",
            "_raw_spin_trylock",
            "_raw_spin_trylock_bh",
            "_raw_spin_unlock",
            "_raw_spin_unlock_irq",
            "_raw_spin_unlock_irqrestore",
            "_raw_spin_unlock_bh",
            "native_queued_spin_lock_slowpath");

    private final KernelView inside;
    private final int cpu;
    private final Set<Long> locks;

    private HeldLockProbe(KernelView inside, int cpu, Set<Long> locks) {
        this.inside = inside;
        this.cpu = cpu;
        this.locks = locks;
    }

    /**
     * Learns the locks of a path.
     *
     * @param consoleLog a file to use, which is gone afterwards
     */
    static HeldLockProbe of(SteppedPath path, KernelView inside, Symbols symbols, int cpu, Path consoleLog)
            throws IOException {
        return new HeldLockProbe(inside, cpu, inside.hasLockdep() ? Set.of() : read(path, symbols, consoleLog));
    }

    private static Set<Long> read(SteppedPath path, Symbols symbols, Path consoleLog) throws IOException {
        Set<Long> locks = new LinkedHashSet<>();
        for (int n = 0; n <= path.length(); n++) {
            if (beginsLocking(path.address(n), symbols)) {
                try (SteppedPath.PausedMachine machine = path.pauseAt(n, consoleLog)) {
                    locks.add(machine.registers().get(Register.RDI));
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
                .filter(LOCKING::contains)
                .isPresent();
    }

    /** The names of those that are held at this moment. */
    List<String> heldIn(GuestMemory memory) {
        return inside.hasLockdep()
                ? inside.heldLocks(memory, cpu)
                : locks.stream()
                        .map(lock -> inside.heldSpinLock(memory, lock))
                        .flatMap(Optional::stream)
                        .toList();
    }
}
