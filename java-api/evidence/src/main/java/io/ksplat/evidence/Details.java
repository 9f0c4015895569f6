// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * The facts of one kind of report that not all {@link Evidence} has.
 *
 * <pre>{@code
 * if (evidence.details() instanceof Details.Locks locks) {
 *     String who = locks.task().map(Task::comm).orElse("somebody");
 *     for (HeldLock held : locks.held()) {
 *         LockRef lock = held.lock();
 *         System.out.println(who + " held " + lock.name() + ", taken in " + held.at().orElse("?"));
 *     }
 * }
 * }</pre>
 */
public sealed interface Details {
    /** No further facts. */
    record None() implements Details {}

    /**
     * A lockdep report (kernel/locking/lockdep.c).
     *
     * @param task the task that was about to take or release a lock
     * @param wanted the locks that the task was about to take, release or free
     * @param held the locks that the report says the task held
     * @param chain the existing dependencies in the order of the report; the last is the wanted lock
     * @param usage the two conflicting states of an inconsistent lock
     * @param registeredAt the function that put the lock into the first state
     * @param scenario the unsafe scenario, line by line
     */
    record Locks(
            Optional<Task> task,
            List<HeldLock> wanted,
            List<HeldLock> held,
            List<Dependency> chain,
            Optional<Usage> usage,
            Optional<String> registeredAt,
            List<Step> scenario)
            implements Details {
        public Locks {
            wanted = List.copyOf(wanted);
            held = List.copyOf(held);
            chain = List.copyOf(chain);
            scenario = List.copyOf(scenario);
        }
    }

    /** One link of a dependency chain: {@code frames} took {@code lock} while the next link's lock was held. */
    record Dependency(HeldLock lock, List<Frame> frames) {
        public Dependency {
            frames = List.copyOf(frames);
        }
    }

    /** The states of {@code inconsistent {before} -> {now} usage}. */
    record Usage(String before, String now) {}

    /**
     * One line of an unsafe scenario.
     *
     * @param column the CPU of the scenario, from 0; not a CPU of the machine
     * @param action {@code lock(&x)}, {@code local_irq_disable()} or {@code <Interrupt>}
     */
    record Step(int column, String action) {}

    /**
     * CPUs or tasks that make no progress: RCU stalls, soft and hard lockups, CSD lock waits, stuck workqueue pools.
     *
     * @param cpus the stuck CPUs
     * @param detectedBy the CPU that detected the stall
     * @param seconds the duration, if the report prints seconds or nanoseconds
     * @param jiffies the duration, if the report prints jiffies
     * @param tasks the tasks that ran, or that block the grace period
     */
    record Stall(
            List<Integer> cpus,
            OptionalInt detectedBy,
            OptionalDouble seconds,
            OptionalDouble jiffies,
            List<Task> tasks)
            implements Details {
        public Stall {
            cpus = List.copyOf(cpus);
            tasks = List.copyOf(tasks);
        }
    }

    /**
     * A hung task (kernel/hung_task.c).
     *
     * @param seconds the minimum time that it has waited
     * @param blocker the lock that it waits for, if the kernel prints it (6.16 and later)
     */
    record Hang(Task task, long seconds, Optional<Blocker> blocker) implements Details {}

    /**
     * The lock that blocks a hung task.
     *
     * @param on {@code mutex}, {@code semaphore} or {@code rw-semaphore}
     * @param owner the likely owner; empty if the kernel did not find one
     */
    record Blocker(String on, Optional<Task> owner) {}

    /**
     * A broken or stuck spin lock (spin_dump, kernel/locking/spinlock_debug.c).
     *
     * @param task the task that found it
     * @param magic {@code dead4ead} if the lock is intact
     * @param owner the task that holds it
     */
    record Spinlock(
            String problem,
            OptionalInt cpu,
            Optional<Task> task,
            Optional<String> magic,
            Optional<Task> owner,
            OptionalInt ownerCpu)
            implements Details {}

    /**
     * A bad memory access (mm/kasan/report.c, mm/kfence/report.c). The stacks show the allocation and the free.
     *
     * @param access {@code Read}, {@code Write} or {@code Free}
     * @param size in bytes
     * @param cache the slab cache of the object
     */
    record Access(
            String access, OptionalInt size, Optional<String> address, Optional<Task> task, Optional<String> cache)
            implements Details {}

    /**
     * An exception in the kernel.
     *
     * @param registers name in lower case to value in hexadecimal
     * @param task the task that ran
     */
    record Fault(Map<String, String> registers, Optional<Task> task, Optional<String> code) implements Details {
        public Fault {
            registers = Map.copyOf(registers);
        }
    }

    /**
     * CPUs that spin on locks and tasks that sleep on them, read from registers and memory from outside.
     *
     * @param holding the locks that each task holds; empty without lockdep
     */
    record Waits(List<Wait> waits, List<Holding> holding) implements Details {
        public Waits {
            waits = List.copyOf(waits);
            holding = List.copyOf(holding);
        }
    }

    /** The locks that a task holds, in the order in which it took them, with those of interrupts on top of it. */
    record Holding(Task task, List<HeldLock> locks) {
        public Holding {
            locks = List.copyOf(locks);
        }
    }

    /**
     * One CPU or task that waits for a lock.
     *
     * @param cpu the CPU that spins; empty for a task that sleeps
     * @param task the task that sleeps, or that the CPU runs or interrupted
     * @param context {@code task}, {@code softirq}, {@code hardirq}, {@code NMI}
     * @param lock the lock that it waits for
     * @param word the lock's memory: the 32 bits of a spin lock; the 64-bit owner of a mutex or rw_semaphore, with its flags
     * @param tail the last CPU in the lock's queue, if any
     * @param owner the owner; empty if it is not known
     */
    record Wait(
            OptionalInt cpu,
            Optional<Task> task,
            String context,
            LockRef lock,
            long word,
            OptionalInt tail,
            Optional<Owner> owner) {}

    /**
     * The owner of a lock.
     *
     * @param context {@code task}, {@code softirq}, {@code hardirq}, {@code NMI}; {@link #EXITED}
     * @param cpu the CPU that it runs on or was interrupted on; empty for a task that does not run
     * @param task the task of the context
     * @param because how the owner is known, as one clause
     * @param inferred whether the owner is inferred from its position: nothing records it
     */
    record Owner(String context, OptionalInt cpu, Optional<Task> task, String because, boolean inferred) {
        /** The context of an owner that is no task any more: it has exited and never released the lock. */
        public static final String EXITED = "exited";
    }

    /** A panic's cause, as printed. */
    record Panic(String cause) implements Details {}

    /**
     * A report in a BPF program's stream (bpf_prog_report_rqspinlock_violation, kernel/bpf/rqspinlock.c).
     *
     * @param error the error that was detected
     * @param attempted the address of the lock that was refused
     * @param held the addresses of the locks that the CPU held, in the order in which it took them; old kernels list stale ones too
     */
    record Stream(String error, Optional<String> attempted, List<String> held, Optional<Task> task) implements Details {
        public Stream {
            held = List.copyOf(held);
        }
    }
}
