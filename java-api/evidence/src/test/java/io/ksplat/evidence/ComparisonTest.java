// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ComparisonTest {
    private static String abba(
            String held, String wanted, String heldUnderWanted, String wantedUnderHeld, String address) {
        return "WARNING: possible circular locking dependency detected\n"
                + "x/88 is trying to acquire lock:\n"
                + address + " (" + wanted + "){+.+.}-{4:4}, at: " + wantedUnderHeld + "+0x1c/0x40\n"
                + "but task is already holding lock:\n"
                + address + " (" + held + "){+.+.}-{4:4}, at: f+0x1c/0x40\n"
                + "the existing dependency chain (in reverse order) is:\n"
                + "-> #1 (" + held + "){+.+.}-{4:4}:\n       lock_acquire+0xd1/0x2f0\n       " + heldUnderWanted
                + "+0x2c/0x60\n"
                + "-> #0 (" + wanted + "){+.+.}-{4:4}:\n       lock_acquire+0xd1/0x2f0\n       " + wantedUnderHeld
                + "+0x1c/0x40\n"
                + "stack backtrace:\nCall Trace:\n " + wantedUnderHeld + "+0x1c/0x40\n";
    }

    @Test
    void oneCircleIsTheSameBugFromEitherSide() {
        Evidence one = Logs.only(abba("&a->lock", "&b->lock#2", "take_a", "take_b", "ff11000100000018"));
        Evidence other =
                Logs.only(abba("&b->lock", "&a->lock#7", "take_b.constprop.0", "take_a.isra.3", "ff11000100000777"));
        Comparison comparison = one.sameBugAs(other);
        assertThat(comparison.same()).isTrue();
        assertThat(comparison.toString()).contains("same lock classes: &a->lock, &b->lock");
    }

    @Test
    void anotherTakerIsAnotherBug() {
        Evidence one = Logs.only(abba("&a->lock", "&b->lock", "take_a", "take_b", "ff11000100000018"));
        Evidence other = Logs.only(abba("&a->lock", "&b->lock", "take_a", "grab_b", "ff11000100000018"));
        Comparison comparison = one.sameBugAs(other);
        assertThat(comparison.same()).isFalse();
        assertThat(comparison.reasons()).containsExactly("functions: take_b against grab_b");
    }

    @Test
    void otherLocksAreAnotherBugAndNamed() {
        Evidence one = Logs.only(abba("&a->lock", "&b->lock", "take_a", "take_b", "ff11000100000018"));
        Evidence other = Logs.only(abba("&a->lock", "&c->lock", "take_a", "take_b", "ff11000100000018"));
        assertThat(one.sameBugAs(other).reasons()).contains("lock classes: &b->lock against &c->lock");
    }

    private static String nmi(String lock, String firstUser, int cpu) {
        return """
                WARNING: inconsistent lock state
                --------------------------------
                inconsistent {INITIAL USE} -> {IN-NMI} usage.
                agent/61 [HC1[1]:SC0[0]:HE0:SE1] takes:
                ff1100013bc2e%d58 (%s){....}-{2:2}, at: rcu_nocb_try_bypass+0x5e/0x4c0
                {INITIAL USE} state was registered at:
                  lock_acquire+0xc5/0x2e0
                  %s+0x1a2/0x640
                stack backtrace:
                CPU: %d UID: 0 PID: 61 Comm: agent Not tainted 7.3.0 #1
                Call Trace:
                 rcu_nocb_try_bypass+0x5e/0x4c0
                """.formatted(cpu, lock, firstUser, cpu);
    }

    @Test
    void whoTookALockFirstAndWhichOfItsClassesItIsDoNotMatter() {
        Evidence one = Logs.only(nmi("&rdp->nocb_lock", "rcu_nocb_cb_kthread", 0));
        Evidence other = Logs.only(nmi("&rdp->nocb_lock#3", "rcu_do_batch", 1));
        assertThat(one.sameBugAs(other).same()).isTrue();
        assertThat(one.sameBugAs(Logs.only(nmi("&pool->lock", "rcu_nocb_cb_kthread", 0)))
                        .same())
                .isFalse();
        assertThat(one.cycle())
                .containsExactly(
                        new CycleNode("task", OptionalInt.of(0), "&rdp->nocb_lock", "the CPU"),
                        new CycleNode("NMI", OptionalInt.of(0), "the CPU", "&rdp->nocb_lock"));
    }

    @Test
    void whatDiffersFromRunToRunDoesNotMatter() {
        Evidence one = Logs.only(
                "[   10.000000] watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [spin:91]\nCall Trace:\n demo_ioctl+0x1/0x2\n");
        Evidence other = Logs.only(
                "[  777.000000] watchdog: BUG: soft lockup - CPU#0 stuck for 134s! [other:4711]\nCall Trace:\n demo_ioctl.lto_priv.7+0x31/0x92\n");
        assertThat(one.sameBugAs(other).same()).isTrue();
    }

    @Test
    void anotherKindIsAnotherBug() {
        Evidence one =
                Logs.only("BUG: soft lockup - CPU#1 stuck for 26s! [spin:91]\nCall Trace:\n demo_ioctl+0x1/0x2\n");
        Evidence other = Logs.only("INFO: rcu_sched self-detected stall on CPU\nCall Trace:\n demo_ioctl+0x1/0x2\n");
        assertThat(one.sameBugAs(other).reasons()).contains("one is soft-lockup, the other rcu-stall");
    }
}
