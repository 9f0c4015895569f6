// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import static io.ksplat.evidence.EvidenceKind.CSD_LOCK;
import static io.ksplat.evidence.EvidenceKind.HARD_LOCKUP;
import static io.ksplat.evidence.EvidenceKind.HUNG_TASK;
import static io.ksplat.evidence.EvidenceKind.OTHER;
import static io.ksplat.evidence.EvidenceKind.RCU_STALL;
import static io.ksplat.evidence.EvidenceKind.SOFT_LOCKUP;
import static io.ksplat.evidence.EvidenceKind.WORKQUEUE_LOCKUP;
import static io.ksplat.evidence.internal.console.Rule.Blame.BUSY;
import static io.ksplat.evidence.internal.console.Rule.Blame.NONE;
import static io.ksplat.evidence.internal.console.Rule.Blame.SPINNING;
import static io.ksplat.evidence.internal.console.Rule.Blame.WAITING;
import static io.ksplat.evidence.internal.console.Rule.ContinuesWith.HARD_LOCKUPS;
import static io.ksplat.evidence.internal.console.Rule.ContinuesWith.POOLS;
import static io.ksplat.evidence.internal.console.Rule.Family.STALL;

import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.internal.console.Rule.Blame;
import java.util.List;

/** Rules for the watchdogs of RCU, lockups, hung tasks, workqueues and cross calls. */
final class StallRules {
    private static final String STALL_H = "kernel/rcu/tree_stall.h";

    static final List<Rule> RULES = List.of(
            // print_cpu_stall: "INFO: %s self-detected stall on CPU"
            rule(
                    RCU_STALL,
                    "self-detected stall on CPU",
                    "(?:INFO: )?(?:\\w+ )?\\bself-detected stall on CPU",
                    "INFO: rcu detected stall in {f}",
                    BUSY,
                    STALL_H),
            // print_other_cpu_stall: "INFO: %s detected stalls on CPUs/tasks:"; "detected stall on CPU" before 3.3
            rule(
                    RCU_STALL,
                    "detected stall",
                    "(?:INFO: )?(?:\\w+ )?detected stalls? on (?:CPUs?|tasks)",
                    "INFO: rcu detected stall in {f}",
                    BUSY,
                    STALL_H),
            // synchronize_rcu_expedited_stall (kernel/rcu/tree_exp.h): "INFO: %s detected expedited stalls on
            // CPUs/tasks: {"
            rule(
                    RCU_STALL,
                    "detected expedited stalls",
                    "(?:INFO: )?(?:\\w+ )?\\bdetected expedited stalls on",
                    "INFO: rcu detected stall in {f}",
                    BUSY,
                    "kernel/rcu/tree_exp.h"),
            // synchronize_rcu_expedited_stall: "INFO: %s detected expedited stalls, but suppressed full report due to a
            // stuck CSD-lock."
            rule(
                    RCU_STALL,
                    "detected expedited stalls, but",
                    "(?:INFO: )?(?:\\w+ )?\\bdetected expedited stalls, but suppressed",
                    "INFO: rcu detected stall in {f}",
                    BUSY,
                    "kernel/rcu/tree_exp.h"),
            // check_cpu_stall: "INFO: %s detected stall, but suppressed full report due to a stuck CSD-lock."
            rule(
                    RCU_STALL,
                    "detected stall, but",
                    "INFO: \\w+ detected stall, but suppressed",
                    "INFO: rcu detected stall in {f}",
                    BUSY,
                    STALL_H),
            // watchdog_timer_fn: "BUG: soft lockup - CPU#%d stuck for %us! [%s:%d]"
            rule(
                    SOFT_LOCKUP,
                    "BUG: soft lockup",
                    "BUG: soft lockup",
                    "BUG: soft lockup in {f}",
                    BUSY,
                    "kernel/watchdog.c"),
            // watchdog_hardlockup_check: "CPU%u: Watchdog detected hard LOCKUP on cpu %u"; "Watchdog detected hard
            // LOCKUP on cpu %d" before 6.5; "NMI watchdog: ..."; a panic with hardlockup_panic in old kernels
            rule(
                            HARD_LOCKUP,
                            "hard LOCKUP",
                            "(?:Watchdog|CPU \\d+ self-|CPU \\d+ )\\s*detected hard LOCKUP",
                            "BUG: hard lockup in {f}",
                            SPINNING,
                            "kernel/watchdog.c")
                    .continuingWith(HARD_LOCKUPS),
            // arch/powerpc/kernel/watchdog.c: "CPU %d Hard LOCKUP"; "CPU %d self-detected hard LOCKUP @ %pS" is matched
            // above
            rule(
                            HARD_LOCKUP,
                            "Hard LOCKUP",
                            "^(?:watchdog: )?CPU \\d+ Hard LOCKUP",
                            "BUG: hard lockup in {f}",
                            SPINNING,
                            "arch/powerpc/kernel/watchdog.c")
                    .continuingWith(HARD_LOCKUPS),
            // wd_lockup_ipi and soft_nmi_interrupt from 4.13 to 4.15: "Watchdog CPU:%d Hard LOCKUP"
            rule(
                            HARD_LOCKUP,
                            "Hard LOCKUP",
                            "Watchdog CPU:\\d+ Hard LOCKUP",
                            "BUG: hard lockup in {f}",
                            SPINNING,
                            "arch/powerpc/kernel/watchdog.c")
                    .continuingWith(HARD_LOCKUPS),
            // wd_smp_lockup of the same: "Watchdog CPU:%d detected Hard LOCKUP other CPUS:%*pbl"; "watchdog: CPU %d
            // detected hard LOCKUP on other CPUs %*pbl" since is matched above
            rule(
                            HARD_LOCKUP,
                            "detected Hard LOCKUP",
                            "Watchdog CPU:\\d+ detected Hard LOCKUP other CPUS?:",
                            "BUG: hard lockup in {f}",
                            SPINNING,
                            "arch/powerpc/kernel/watchdog.c")
                    .continuingWith(HARD_LOCKUPS),
            // watchdog_overflow_callback until 3.13: WARN(1, "Watchdog detected hard LOCKUP on cpu %d")
            rule(
                            HARD_LOCKUP,
                            "watchdog_overflow_callback",
                            "WARNING: .*watchdog_overflow_callback",
                            "BUG: hard lockup in {f}",
                            SPINNING,
                            "kernel/watchdog.c")
                    .continuingWith(HARD_LOCKUPS),
            // nmi_watchdog_tick until 2.6.37: "NMI Watchdog detected LOCKUP"
            rule(
                            HARD_LOCKUP,
                            "NMI Watchdog detected LOCKUP",
                            "NMI Watchdog detected LOCKUP",
                            "BUG: hard lockup in {f}",
                            SPINNING,
                            "arch/x86/kernel/apic/nmi.c")
                    .continuingWith(HARD_LOCKUPS),
            // check_hung_task: "INFO: task %s:%d blocked%s for more than %ld seconds."
            rule(
                    HUNG_TASK,
                    "blocked",
                    "\\btask \\S.{0,15}:\\d+ blocked(?: in I/O wait)? for more than \\d+ seconds",
                    "INFO: task hung in {f}",
                    WAITING,
                    "kernel/hung_task.c"),
            // check_hung_task in linux-next: "INFO: task %s can't die for more than %ld seconds."
            rule(
                    HUNG_TASK,
                    "can't die for more than",
                    "INFO: task .* can't die for more than \\d+ seconds",
                    "INFO: task can't die in {f}",
                    WAITING,
                    "kernel/hung_task.c"),
            // wb_wait_for_completion_cb: "INFO: The task %s:%d has been waiting for writeback completion for more than
            // %lu
            // seconds."
            Rule.of(
                    HUNG_TASK,
                    Rule.Family.LINE,
                    "waiting for writeback completion",
                    "INFO: The task .* has been waiting for writeback completion for more than",
                    "INFO: task waits for writeback",
                    NONE,
                    "fs/fs-writeback.c"),
            // wq_watchdog_timer_fn: "BUG: workqueue lockup - pool"
            rule(
                            WORKQUEUE_LOCKUP,
                            "BUG: workqueue lockup",
                            "BUG: workqueue lockup",
                            "BUG: workqueue lockup in {f}",
                            Blame.IN_FLIGHT,
                            "kernel/workqueue.c")
                    .continuingWith(POOLS),
            // scx_log_sched_disable: "sched_ext: BPF %s \"%s\" disabled (%s)", with SCX_EXIT_ERROR_STALL's reason; the
            // task is
            // on the next line, "%s[%d] failed to run for %u.%03us" (check_rq_for_timeouts)
            rule(
                    OTHER,
                    "disabled (runnable task stall)",
                    "sched_ext: BPF [\\w-]+ \"[^\"]*\" disabled \\(runnable task stall\\)",
                    "sched_ext: runnable task stall",
                    NONE,
                    "kernel/sched/ext.c"),
            // the same with the other errors of enum scx_exit_kind
            Rule.of(
                    OTHER,
                    Rule.Family.WARNING,
                    "sched_ext: BPF ",
                    "sched_ext: BPF [\\w-]+ \"[^\"]*\" disabled \\(((?:runtime|scx_bpf_error|scx_error|BPF scheduler|cgroup|watchdog|dispatch|lock)[^)]*(?:error|failure|stall|failed)[^)]*|runtime error|scx_bpf_error)\\)",
                    "sched_ext: {1}",
                    NONE,
                    "kernel/sched/ext.c"),
            // csd_lock_wait_toolong: "csd: Detected non-responsive CSD lock (#%d) on CPU#%d, waiting %lld ns for
            // CPU#%02d %pS(%ps)."
            rule(
                    CSD_LOCK,
                    "non-responsive CSD lock",
                    "Detected non-responsive CSD lock(?:.*? for CPU#\\d+ (?<f>[\\w.]+))?",
                    "csd: non-responsive CSD lock in {f}",
                    Blame.HEAD,
                    "kernel/smp.c"));

    private StallRules() {}

    private static Rule rule(EvidenceKind kind, String keyword, String head, String title, Blame blame, String source) {
        return Rule.of(kind, STALL, keyword, head, title, blame, source);
    }
}
