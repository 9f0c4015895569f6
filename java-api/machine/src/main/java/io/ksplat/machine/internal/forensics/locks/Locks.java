// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.locks;

import io.ksplat.bpf.BtfType;
import io.ksplat.evidence.LockRef;
import io.ksplat.kernel.Symbol;
import io.ksplat.machine.internal.forensics.memory.KernelData;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** Reads locks by their addresses: their names, and their state. */
public final class Locks {
    /** include/linux/spinlock_types_raw.h, include/linux/rwlock_types.h. */
    private static final int SPINLOCK_MAGIC = 0xdead4ead;

    private static final int RWLOCK_MAGIC = 0xdeaf1eed;

    private static final Set<String> TYPES = Set.of(
            "raw_spinlock",
            "spinlock",
            "qspinlock",
            "qrwlock",
            "rwbase_rt",
            "mutex",
            "rw_semaphore",
            "rqspinlock",
            "bpf_spin_lock");

    private final KernelData data;

    public Locks(KernelData data) {
        this.data = data;
    }

    /**
     * Returns the lock at an address for which a CPU waits.
     *
     * @return empty if there is no lock that is held, or it cannot be read
     */
    public Optional<Lock> heldAt(long address, SpinLockKind kind) {
        OptionalInt word = data.half(address);
        if (word.isEmpty() || (address & 3) != 0 || isQueueNode(address) || !kind.isHeld(word.getAsInt())) {
            return Optional.empty();
        }
        String type = kind == SpinLockKind.SPIN ? "raw_spinlock" : "rwlock_t";
        int magic = kind == SpinLockKind.SPIN ? SPINLOCK_MAGIC : RWLOCK_MAGIC;
        OptionalLong found = data.field(address, type, "magic");
        boolean debugged = found.isPresent() && (int) found.getAsLong() == magic;
        OptionalLong map = debugged ? data.address(address, type, "dep_map") : OptionalLong.empty();
        OptionalLong owner = debugged ? data.field(address, type, "owner") : OptionalLong.empty();
        OptionalLong ownerCpu = debugged ? data.field(address, type, "owner_cpu") : OptionalLong.empty();
        boolean owned = owner.isPresent() && owner.getAsLong() < 0 && owner.getAsLong() != -1;
        return Optional.of(new Lock(
                address,
                new LockRef(
                        name(address, map).orElse("0x" + Long.toHexString(address)),
                        Optional.of(Long.toHexString(address)),
                        Optional.empty()),
                Integer.toUnsignedLong(word.getAsInt()),
                map,
                owned ? owner : OptionalLong.empty(),
                owned && ownerCpu.isPresent() && (int) ownerCpu.getAsLong() >= 0
                        ? OptionalInt.of((int) ownerCpu.getAsLong())
                        : OptionalInt.empty()));
    }

    /** Returns whether a CPU that reads there waits for its turn in a lock's queue, and it is not its turn. */
    public boolean isTurnAwaited(long address) {
        return isQueueNode(address) && data.half(address).equals(OptionalInt.of(0));
    }

    /** Returns whether a CPU waits there for its turn in a lock's queue (kernel/locking/qspinlock.c): it is not the lock. */
    private boolean isQueueNode(long address) {
        return data.perCpuAt(address)
                .filter(found -> found.variable().name().equals("qnodes")
                        || found.variable().name().equals("rqnodes"))
                .isPresent();
    }

    /** Returns lockdep's name of a lock, else its variable and members as in C; empty for a lock in memory without a symbol. */
    public Optional<String> name(long address, OptionalLong map) {
        OptionalLong text = map.isPresent() ? data.field(map.getAsLong(), "lockdep_map", "name") : map;
        Optional<String> known = text.isPresent() ? data.text(text.getAsLong()) : Optional.empty();
        return known.or(() -> data.perCpuAt(address).map(this::perCpuName))
                .or(() -> data.symbols()
                        .covering(address)
                        .map(symbol -> plus(symbol.name(), address - symbol.address())));
    }

    private String perCpuName(KernelData.PerCpu found) {
        Symbol variable = found.variable();
        return data.btf()
                .variable(variable.name())
                .flatMap(type -> BtfType.pathWithin(type, (int) found.offset(), Locks::isLock))
                .map(path -> variable.name() + path.replaceFirst("\\.raw_lock$", ""))
                .orElseGet(() -> plus(variable.name(), found.offset()));
    }

    private static boolean isLock(BtfType type) {
        return type instanceof BtfType.Struct struct && TYPES.contains(struct.name());
    }

    private static String plus(String symbol, long offset) {
        return offset == 0 ? symbol : symbol + "+0x" + Long.toHexString(offset);
    }
}
