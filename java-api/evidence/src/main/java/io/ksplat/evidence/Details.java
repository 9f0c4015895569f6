// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * What a report tells beyond what all {@link Evidence} has in common.
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
    /** Nothing more. */
    record None() implements Details {}

    /**
     * A lockdep report (kernel/locking/lockdep.c).
     *
     * @param task the one that was about to take or release a lock
     * @param wanted the locks that it was about to take, release or free
     * @param held the locks that tasks were said to hold, the reporting task's
     * @param chain the existing dependencies, innermost first as printed; the last is the wanted lock
     * @param usage the contradicting states of an inconsistent lock
     * @param registeredAt the function that put the lock into the first of those states
     * @param scenario the unsafe scenario, in the order of its lines
     */
    public record Locks(
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

    /** One link of a dependency chain: {@code lock} was taken by {@code frames} while the next link's lock was held. */
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
     * @param column which of the scenario's CPUs, from 0; its numbers are not the machine's
     * @param action {@code lock(&x)}, {@code local_irq_disable()} or {@code <Interrupt>}
     */
    public record Step(int column, String action) {}

    /**
     * CPUs or tasks that do not get on: RCU stalls, soft and hard lockups, stuck cross calls, workqueue pools.
     *
     * @param cpus the stuck ones
     * @param detectedBy the CPU that noticed
     * @param seconds for how long, where the report says so in seconds (or nanoseconds)
     * @param jiffies for how long, where it says so in jiffies
     * @param tasks the tasks that were running or that block a grace period
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
     * A task that waits for too long (kernel/hung_task.c).
     *
     * @param seconds for how long at least
     * @param blocker what it waits for, where the kernel knows (6.16 and later)
     */
    record Hang(Task task, long seconds, Optional<Blocker> blocker) implements Details {}

    /**
     * What blocks a hung task.
     *
     * @param on {@code mutex}, {@code semaphore} or {@code rw-semaphore}
     * @param owner who holds it, likely; empty where the kernel did not find out
     */
    record Blocker(String on, Optional<Task> owner) {}

    /**
     * A broken or stuck spin lock (spin_dump, kernel/locking/spinlock_debug.c).
     *
     * @param task who found it
     * @param magic {@code dead4ead} in a lock that is intact
     * @param owner who holds it
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
     * A bad access (mm/kasan/report.c, mm/kfence/report.c); the stacks tell of allocation and free.
     *
     * @param access {@code Read}, {@code Write} or {@code Free}
     * @param size bytes
     * @param cache the slab cache of the object
     */
    record Access(
            String access, OptionalInt size, Optional<String> address, Optional<Task> task, Optional<String> cache)
            implements Details {}

    /**
     * An exception in the kernel.
     *
     * @param registers by their names, in lower case, in hexadecimal
     * @param task who ran
     */
    record Fault(Map<String, String> registers, Optional<Task> task, Optional<String> code) implements Details {
        public Fault {
            registers = Map.copyOf(registers);
        }
    }

    /**
     * CPUs that spin on locks and tasks that sleep on them, as registers and memory show it from outside.
     *
     * @param holding what each task holds, in kernels with lockdep; else empty
     */
    record Waits(List<Wait> waits, List<Holding> holding) implements Details {
        public Waits {
            waits = List.copyOf(waits);
            holding = List.copyOf(holding);
        }
    }

    /** The locks that a task holds, those of interrupts on top of it included, the first taken first. */
    record Holding(Task task, List<HeldLock> locks) {
        public Holding {
            locks = List.copyOf(locks);
        }
    }

    /**
     * One of them.
     *
     * @param cpu that spins; empty for a task that sleeps
     * @param task that sleeps, or that the CPU runs or has interrupted, where that is known
     * @param context {@code task}, {@code softirq}, {@code hardirq}, {@code NMI}
     * @param lock what it waits for
     * @param word what lies there: a spin lock's 32 bits; of a mutex or rw_semaphore the 64 of its owner, flags included
     * @param tail the last CPU in the lock's queue, where there is one
     * @param owner who holds it; empty where that cannot be told
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
     * Who holds a lock.
     *
     * @param context {@code task}, {@code softirq}, {@code hardirq}, {@code NMI}
     * @param cpu where it runs, or was interrupted; empty for a task that runs nowhere
     * @param task whose context it is, where that is known
     * @param because how it is known, a clause
     * @param inferred whether it follows from where the owner is, and is written nowhere
     */
    record Owner(String context, OptionalInt cpu, Optional<Task> task, String because, boolean inferred) {}

    /** A panic's cause, as it was printed. */
    record Panic(String cause) implements Details {}

    /**
     * A report in a BPF program's stream (bpf_prog_report_rqspinlock_violation, kernel/bpf/rqspinlock.c).
     *
     * @param error what it says was detected
     * @param attempted the address of the lock that was refused
     * @param held the addresses of the locks that the CPU held, in the order of taking; old kernels list stale ones too
     */
    record Stream(String error, Optional<String> attempted, List<String> held, Optional<Task> task) implements Details {
        public Stream {
            held = List.copyOf(held);
        }
    }
}
