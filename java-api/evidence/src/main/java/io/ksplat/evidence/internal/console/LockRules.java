// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import static io.ksplat.evidence.EvidenceKind.ATOMIC_SLEEP;
import static io.ksplat.evidence.EvidenceKind.LOCKDEP_CIRCULAR;
import static io.ksplat.evidence.EvidenceKind.LOCKDEP_HELD;
import static io.ksplat.evidence.EvidenceKind.LOCKDEP_INCONSISTENT;
import static io.ksplat.evidence.EvidenceKind.LOCKDEP_INVERSION;
import static io.ksplat.evidence.EvidenceKind.LOCKDEP_RECURSIVE;
import static io.ksplat.evidence.EvidenceKind.LOCKDEP_WAIT_CONTEXT;
import static io.ksplat.evidence.EvidenceKind.OTHER;
import static io.ksplat.evidence.EvidenceKind.RCU_USAGE;
import static io.ksplat.evidence.EvidenceKind.SPINLOCK_BUG;
import static io.ksplat.evidence.EvidenceKind.WARNING;
import static io.ksplat.evidence.internal.console.Rule.Blame.HOLDING;
import static io.ksplat.evidence.internal.console.Rule.Blame.LAST_WORK;
import static io.ksplat.evidence.internal.console.Rule.Blame.NONE;
import static io.ksplat.evidence.internal.console.Rule.Blame.SAFE;
import static io.ksplat.evidence.internal.console.Rule.Blame.STACK;
import static io.ksplat.evidence.internal.console.Rule.Blame.TAKING;
import static io.ksplat.evidence.internal.console.Rule.Family.LINE;
import static io.ksplat.evidence.internal.console.Rule.Family.LOCKDEP;

import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.internal.console.Rule.Blame;
import java.util.List;
import java.util.regex.Pattern;

/** Rules for the reports of lockdep and of the checks of spin locks and of the scheduler. */
final class LockRules {
    private static final String LOCKDEP_C = "kernel/locking/lockdep.c";
    private static final String CORE_C = "kernel/sched/core.c";

    static final List<Rule> RULES = List.of(
            // print_circular_bug_header: "WARNING: possible circular locking dependency detected"; "[ INFO: ... ]"
            // before 4.11
            lock(LOCKDEP_CIRCULAR, "possible circular locking dependency detected", "possible deadlock in {f}", TAKING),
            // print_deadlock_bug: "WARNING: possible recursive locking detected"
            lock(LOCKDEP_RECURSIVE, "possible recursive locking detected", "possible deadlock in {f}", TAKING),
            // print_irq_inversion_bug: "WARNING: possible irq lock inversion dependency detected"
            lock(
                    LOCKDEP_INVERSION,
                    "possible irq lock inversion dependency detected",
                    "possible deadlock in {f}",
                    TAKING),
            // print_bad_irq_dependency: "WARNING: %s-safe -> %s-unsafe lock order detected"
            rule(
                    LOCKDEP_INVERSION,
                    "lock order detected",
                    "\\b[A-Za-z_]+-(?:READ-)?safe -> [A-Za-z_]+-(?:READ-)?unsafe lock order detected",
                    "possible deadlock in {f}",
                    SAFE,
                    LOCKDEP_C),
            // print_usage_bug: "WARNING: inconsistent lock state"
            lock(LOCKDEP_INCONSISTENT, "inconsistent lock state", "inconsistent lock state in {f}", TAKING),
            // print_lock_invalid_wait_context: "[ BUG: Invalid wait context ]"
            lock(LOCKDEP_WAIT_CONTEXT, "BUG: Invalid wait context", "BUG: invalid wait context in {f}", TAKING),
            // print_unlock_imbalance_bug: "WARNING: bad unlock balance detected!"
            rule(
                    LOCKDEP_HELD,
                    "bad unlock balance detected",
                    "(?:(BUG|WARNING): )?bad unlock balance detected",
                    "{1}: bad unlock balance in {f}",
                    STACK,
                    LOCKDEP_C),
            // print_lock_contention_bug: "WARNING: bad contention detected!"
            rule(
                    LOCKDEP_HELD,
                    "bad contention detected",
                    "(?:(BUG|WARNING): )?bad contention detected",
                    "{1}: bad contention in {f}",
                    STACK,
                    LOCKDEP_C),
            // print_freed_lock_bug: "WARNING: held lock freed!"
            rule(
                    LOCKDEP_HELD,
                    "held lock freed!",
                    "(?:(BUG|WARNING): )?held lock freed!",
                    "{1}: held lock freed in {f}",
                    HOLDING,
                    LOCKDEP_C),
            // print_held_locks_bug: "WARNING: %s/%d still has locks held!"
            rule(
                    LOCKDEP_HELD,
                    "still has locks held!",
                    "(?:(BUG|WARNING): )?.* still has locks held!",
                    "{1}: still has locks held in {f}",
                    STACK,
                    LOCKDEP_C),
            // lockdep_sys_exit: "WARNING: lock held when returning to user space!"
            rule(
                    LOCKDEP_HELD,
                    "lock held when returning to user space!",
                    "(?:(BUG|WARNING): )?lock held when returning to user space!",
                    "{1}: lock held when returning to user space in {f}",
                    HOLDING,
                    LOCKDEP_C),
            // "[ BUG: lock held at task exit time! ]", kernel/exit.c until 3.9
            rule(
                    LOCKDEP_HELD,
                    "lock held at task exit time",
                    "BUG: lock held at task exit time!",
                    "BUG: lock held at task exit time in {f}",
                    HOLDING,
                    LOCKDEP_C),
            // print_lock_nested_lock_not_held: "WARNING: Nested lock was not taken"
            rule(
                    LOCKDEP_HELD,
                    "Nested lock was not taken",
                    "(?:(BUG|WARNING): )?Nested lock was not taken",
                    "{1}: nested lock was not taken in {f}",
                    TAKING,
                    LOCKDEP_C),
            // debug_rt_mutex_print_deadlock (kernel/locking/rtmutex-debug.c until 5.12)
            lock(LOCKDEP_RECURSIVE, "BUG: circular locking deadlock detected!", "possible deadlock in {f}", STACK),
            // print_collision: "WARNING: chain_key collision"
            lock(OTHER, "chain_key collision", "WARNING: chain_key collision in {f}", STACK)
                    .typed("LOCKDEP"),
            // assign_lock_key: "INFO: trying to register non-static key."
            lock(OTHER, "trying to register non-static key", "INFO: trying to register non-static key in {f}", STACK),
            // print_lockdep_off(): "BUG: MAX_STACK_TRACE_ENTRIES too low!" and similar
            rule(OTHER, "BUG: MAX_", "BUG: (MAX_[A-Z_]+ too low!)", "BUG: {1}", NONE, LOCKDEP_C),
            // look_up_lock_class: "BUG: looking up invalid subclass: %u"
            lock(OTHER, "BUG: looking up invalid subclass", "BUG: looking up invalid subclass in {f}", STACK),
            // lockdep_init_map: "BUG: key %px has not been registered!"
            rule(
                    OTHER,
                    "has not been registered!",
                    "BUG: key .* has not been registered!",
                    "BUG: lockdep key has not been registered in {f}",
                    STACK,
                    LOCKDEP_C),
            // lockdep_rcu_dereference until 3.1: "[ INFO: suspicious rcu_dereference_check() usage. ]"
            rule(
                    RCU_USAGE,
                    "suspicious rcu_dereference",
                    "(INFO): suspicious rcu_dereference\\w*\\(\\) usage",
                    "{1}: suspicious RCU usage in {f}",
                    STACK,
                    LOCKDEP_C),
            // lockdep_rcu_suspicious: "WARNING: suspicious RCU usage"; "[ INFO: suspicious RCU usage. ]" before 4.11
            rule(
                            RCU_USAGE,
                            "suspicious RCU usage",
                            "(?:(INFO|WARNING): )?suspicious RCU usage",
                            "{1}: suspicious RCU usage in {f}",
                            STACK,
                            LOCKDEP_C)
                    .typed((said, access) -> "INFO".equals(said) ? SyzkallerTypes.UNKNOWN : RCU_USAGE.type()),
            // spin_dump: "BUG: spinlock %s on CPU#%d, %s/%d"; rwlock_bug: "BUG: rwlock %s on CPU#%d, ..."
            rule(
                    SPINLOCK_BUG,
                    "BUG: ",
                    "BUG: ((?:spinlock|rwlock|rt_mutex|rwsem|write-lock|read-lock) [a-z][A-Za-z -]*?)(?: on CPU#\\d+|,|$)",
                    "BUG: {1} in {f}",
                    STACK,
                    "kernel/locking/spinlock_debug.c"),
            // __schedule_bug: "BUG: scheduling while atomic: %s/%d/0x%08x"
            rule(
                    ATOMIC_SLEEP,
                    "BUG: scheduling while atomic",
                    "BUG: scheduling while atomic",
                    "BUG: scheduling while atomic in {f}",
                    STACK,
                    CORE_C),
            rule(
                    ATOMIC_SLEEP,
                    "BUG: scheduling in a non-blocking section",
                    "BUG: scheduling in a non-blocking section",
                    "BUG: scheduling in a non-blocking section in {f}",
                    STACK,
                    CORE_C),
            // dequeue_task_idle: "bad: scheduling from the idle thread!"
            rule(
                    ATOMIC_SLEEP,
                    "scheduling from the idle thread",
                    "bad: scheduling from the idle thread!",
                    "BUG: scheduling from the idle thread in {f}",
                    STACK,
                    "kernel/sched/idle.c"),
            // __might_resched: "BUG: sleeping function called from invalid context at %s:%d"
            rule(
                    ATOMIC_SLEEP,
                    "BUG: sleeping function called from invalid context",
                    "BUG: sleeping function called from invalid context",
                    "BUG: sleeping function called from invalid context in {f}",
                    STACK,
                    CORE_C),
            // __cant_sleep, __cant_migrate
            rule(
                    ATOMIC_SLEEP,
                    "BUG: assuming ",
                    "BUG: assuming (atomic|non migratable) context",
                    "BUG: assuming {1} context in {f}",
                    STACK,
                    CORE_C),
            // handle_softirqs: "huh, entered softirq %u %s %p with preempt_count %08x, exited with %08x?"
            Rule.of(
                    ATOMIC_SLEEP,
                    LINE,
                    "huh, entered softirq ",
                    "huh, entered softirq \\d+ (\\w+) .* with preempt_count [0-9a-f]+, exited with",
                    "BUG: softirq {1} left with another preempt_count",
                    NONE,
                    "kernel/softirq.c"),
            // check_preemption_disabled: "BUG: using %s%s() in preemptible [%08x] code: %s/%d"
            rule(
                            WARNING,
                            "BUG: using ",
                            "BUG: using ([\\w ]+\\(\\)) in preemptible",
                            "BUG: using {1} in preemptible code in {f}",
                            STACK,
                            "lib/smp_processor_id.c")
                    .typed("LOCKDEP"),
            // process_one_work: "BUG: workqueue leaked lock or atomic: %s/0x%08x/%d"; "leaked atomic, lock or RCU"
            // since 6.11
            rule(
                            LOCKDEP_HELD,
                            "BUG: workqueue leaked",
                            "BUG: workqueue leaked (lock or atomic|atomic, lock or RCU)",
                            "BUG: workqueue leaked {1} in {f}",
                            LAST_WORK,
                            "kernel/workqueue.c")
                    .typed(SyzkallerTypes.UNKNOWN));

    private LockRules() {}

    private static Rule lock(EvidenceKind kind, String literal, String title, Blame blame) {
        return Rule.of(kind, LOCKDEP, literal, Pattern.quote(literal), title, blame, LOCKDEP_C);
    }

    private static Rule rule(EvidenceKind kind, String keyword, String head, String title, Blame blame, String source) {
        return Rule.of(kind, LOCKDEP, keyword, head, title, blame, source);
    }
}
