// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.util.regex.Pattern;

/** Functions that take locks or wait: kernel/locking, kernel/sched/wait.c, completion.c, swait.c, mm/filemap.c's page locks. */
final class Locking {
    private static final Pattern PRIMITIVES = Pattern.compile(
            "_*(?:lock_acquire|lock_release|raw_spin_\\w+|raw_read_\\w+|raw_write_\\w+|do_raw_\\w+|spin_(?:un)?lock\\w*|queued_\\w+|native_queued_\\w+|pv_\\w+|read_(?:un)?lock\\w*|write_(?:un)?lock\\w*"
                    + "|mutex_\\w+|ww_mutex_\\w+|rt_mutex_\\w+|rtlock_\\w+|rt_spin_\\w+|rt_read_\\w+|rt_write_\\w+|task_blocks_on_rt_mutex|try_to_take_rt_mutex|down|down_\\w+|up|up_\\w+|rwsem_\\w+|rwbase_\\w+|percpu_(?:down|up)_\\w+|percpu_rwsem\\w*|ldsem_\\w+|seqprop_\\w+|osq_\\w+|class_\\w+_(?:con|de)structor"
                    + "|refcount_dec_and_\\w*lock\\w*|atomic_dec_and_\\w*lock\\w*|local_lock\\w*|lock_is_held\\w*|console_trylock\\w*)");

    private static final Pattern WAITS = Pattern.compile(
            "_*(?:schedule\\w*|io_schedule\\w*|context_switch|switch_to\\w*|preempt_schedule\\w*|sched_\\w+|wait_for_com\\w+|do_wait_for_common|wait_for_common|wait_on_\\w+|bit_wait\\w*|out_of_line_wait\\w*|lock_page\\w*|lock_buffer|folio_wait\\w*|folio_lock\\w*"
                    + "|tty_ldisc_lock\\w*|\\w*fdatawait\\w*|rcu_barrier|flush_work\\w*|cancel_work\\w*|cancel_delayed_work\\w*|wait_rcu_gp|exp_funnel_lock|rcu_exp_\\w+|kthread_park|prepare_to_\\w+|do_nanosleep|wait_woken|sleep_on\\w*|blk_io_schedule|io_wait\\w*|might_sleep|msleep\\w*|usleep\\w*|console_lock|swait_\\w+|do_swait\\w*|trace_\\w+|debug_\\w+|dump_stack|show_stack)");

    /**
     * Functions with a lock class of their own or with a lock inside that matters (__might_fault in mm/memory.c,
     * kernel/time/timer.c, kernel/workqueue.c, kernel/sched/wait.c).
     */
    private static final Pattern DEFERRALS = Pattern.compile(
            "_*(?:might_fault|del_timer\\w*|timer_delete\\w*|try_to_del_timer\\w*|add_timer\\w*|mod_timer\\w*|flush_work\\w*|cancel_work\\w*|cancel_delayed\\w*|wake_up\\w*|console_unlock|console_lock\\w*|lock_sock\\w*)");

    private Locking() {}

    /** Returns whether a function defers work or waits for deferred work. Lockdep's reports name it although it is a helper. */
    static boolean isDeferral(String function) {
        return DEFERRALS.matcher(Names.plain(function)).matches();
    }

    /** Returns whether a function takes a lock or waits. */
    static boolean isWait(String function) {
        return PRIMITIVES.matcher(Names.plain(function)).matches()
                || WAITS.matcher(Names.plain(function)).matches();
    }
}
