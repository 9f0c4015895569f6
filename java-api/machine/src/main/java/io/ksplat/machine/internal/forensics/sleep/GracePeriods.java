// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.sleep;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The grace periods of RCU, by the functions that wait for them (kernel/rcu). */
final class GracePeriods {
    private static final Set<String> WAITS = Set.of(
            "__wait_rcu_gp",
            "synchronize_rcu",
            "synchronize_rcu_normal",
            "synchronize_rcu_expedited",
            "synchronize_rcu_expedited_wait",
            "synchronize_rcu_tasks_generic",
            "synchronize_rcu_tasks",
            "synchronize_rcu_tasks_rude",
            "synchronize_rcu_tasks_trace",
            "__synchronize_srcu",
            "synchronize_srcu",
            "synchronize_srcu_expedited",
            "rcu_barrier");

    private GracePeriods() {}

    /** A flavour of RCU. */
    enum Kind {
        RCU("a grace period of RCU", "rcu_read_lock_nesting"),
        TASKS("a grace period of RCU Tasks", null),
        TASKS_TRACE("a grace period of RCU Tasks Trace", "trc_reader_nesting"),
        SRCU("a grace period of SRCU", null);

        private final String text;
        private final Optional<String> nesting;

        Kind(String text, @Nullable String nesting) {
            this.text = text;
            this.nesting = Optional.ofNullable(nesting);
        }

        String text() {
            return text;
        }

        /** Returns the member of task_struct that counts the critical sections that a task is in; only some flavours have one. */
        Optional<String> nesting() {
            return nesting;
        }
    }

    /** Returns whether a function waits for a grace period. */
    static boolean isWait(String function) {
        return WAITS.contains(function);
    }

    /** Returns the flavour of the outermost functions that tell it. */
    static Kind kind(List<String> functions) {
        if (functions.stream().anyMatch(name -> name.contains("rcu_tasks_trace"))) {
            return Kind.TASKS_TRACE;
        }
        if (functions.stream().anyMatch(name -> name.contains("srcu"))) {
            return Kind.SRCU;
        }
        return functions.stream().anyMatch(name -> name.contains("rcu_tasks")) ? Kind.TASKS : Kind.RCU;
    }
}
