// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import static io.ksplat.evidence.EvidenceKind.OTHER;
import static io.ksplat.evidence.EvidenceKind.RQSPINLOCK;
import static io.ksplat.evidence.internal.console.Rule.Blame.STACK;
import static io.ksplat.evidence.internal.console.Rule.Family.STREAM;

import java.util.List;

/** Rules for the kernel's reports in the streams of BPF programs. */
final class StreamRules {
    static final List<Rule> RULES = List.of(
            // bpf_prog_report_rqspinlock_violation: "ERROR: %s for bpf_res_spin_lock%s"
            Rule.of(
                    RQSPINLOCK,
                    STREAM,
                    "for bpf_res_spin_lock",
                    "ERROR: ([\\w ]+?)(?: detected)? for bpf_res_spin_lock",
                    "rqspinlock: {1} in {f}",
                    STACK,
                    "kernel/bpf/rqspinlock.c"),
            // bpf_check_timed_may_goto: "ERROR: Timeout detected for may_goto instruction"
            Rule.of(
                    OTHER,
                    STREAM,
                    "for may_goto instruction",
                    "ERROR: Timeout detected for may_goto instruction",
                    "BPF: may_goto timeout in {f}",
                    STACK,
                    "kernel/bpf/core.c"),
            // bpf_prog_report_arena_violation: "ERROR: Arena %s access at unmapped address 0x%lx"
            Rule.of(
                    OTHER,
                    STREAM,
                    "access at unmapped address",
                    "ERROR: Arena (\\w+) access at unmapped address",
                    "BPF: arena {1} at an unmapped address in {f}",
                    STACK,
                    "kernel/bpf/arena.c"));

    private StreamRules() {}
}
