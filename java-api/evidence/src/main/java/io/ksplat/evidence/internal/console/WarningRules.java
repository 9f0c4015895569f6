// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import static io.ksplat.evidence.EvidenceKind.MEMORY_SAFETY;
import static io.ksplat.evidence.EvidenceKind.OTHER;
import static io.ksplat.evidence.EvidenceKind.WARNING;
import static io.ksplat.evidence.internal.console.Rule.Blame.HEAD;
import static io.ksplat.evidence.internal.console.Rule.Blame.NONE;
import static io.ksplat.evidence.internal.console.Rule.Blame.PC;
import static io.ksplat.evidence.internal.console.Rule.Blame.STACK;

import io.ksplat.evidence.internal.console.Rule.Family;
import java.util.List;

/** Rules for WARN() in all its formats, and for single lines that report a problem. */
final class WarningRules {
    private static final String PANIC_C = "kernel/panic.c";

    static final String WARNING_AT = "WARNING: ";

    /** Any other {@code pr_err("BUG: ...")}. */
    private static final Rule ANY_BUG = Rule.of(
            OTHER,
            Family.WARNING,
            "BUG: ",
            "(?:^|^[\\w-]+: )BUG: (.{4,})",
            "BUG: {1}",
            NONE,
            "pr_err(\"BUG: ...\") all over the kernel");

    static final List<Rule> RULES = List.of(
            // __warn: "WARNING: CPU: %d PID: %d at %s:%d %pS" until 6.15, "WARNING: %s:%d at %pS, CPU#%d: %s/%d" since;
            // warn_slowpath_common until 3.11: "WARNING: at %s:%d %pS()"
            // behind scripts/decode_stacktrace.sh: the place in parentheses instead of the offset
            warn("WARNING: (?:CPU: \\d+ PID: \\d+ )?at (?<file>\\S+?):\\d+ (?<f>[^\\s+(]+)(?:\\+0x| \\()", HEAD),
            warn("WARNING: CPU: \\d+ PID: \\d+ at (?<f>[^\\s+]+)\\+0x", HEAD),
            warn("WARNING: CPU: \\d+ PID: \\d+ at (?<file>\\S+?):\\d+", PC),
            warn(
                    "WARNING: (?<file>[^\\s:]+):\\d+ at (?<f>[^\\s+]+)\\+0x[0-9a-f]+/0x[0-9a-f]+(?: \\[\\w+\\])?, CPU#\\d+",
                    HEAD),
            warn("WARNING: (?<file>[^\\s:]+):\\d+ at \\S+, CPU#\\d+", PC),
            warn("WARNING: at (?<f>[^\\s+]+)\\+0x[0-9a-f]+/0x[0-9a-f]+(?: \\[\\w+\\])?, CPU#\\d+", HEAD),
            // report_bug until 4.5, on architectures with a trap of their own: "WARNING: at %s:%d"
            warn("WARNING: at (?<file>[\\w./-]+):\\d+$", PC),
            // WARN_ON until 2.6.24, with __FUNCTION__: "WARNING: at %s:%d %s()"
            warn("WARNING: at (?<file>\\S+?):\\d+ (?<f>[\\w.]+)\\+?", HEAD),
            // unwind_next_frame (arch/x86/kernel/unwind_frame.c): "WARNING: kernel stack regs at %p in %s:%d has bad
            // '%s' value %p"
            Rule.of(
                    OTHER,
                    Family.LINE,
                    "WARNING: kernel stack",
                    "WARNING: kernel stack regs at \\S+ in .* has bad '(\\w+)' value",
                    "WARNING: kernel stack regs has bad '{1}' value",
                    NONE,
                    "arch/x86/kernel/unwind_frame.c"),
            // "WARNING: kernel stack frame pointer at %p in %s:%d has bad value %p"
            Rule.of(
                    OTHER,
                    Family.LINE,
                    "WARNING: kernel stack",
                    "WARNING: kernel stack frame pointer at \\S+ in .* has bad value",
                    "WARNING: kernel stack frame pointer has bad value",
                    NONE,
                    "arch/x86/kernel/unwind_frame.c"),
            // orc_warn (arch/x86/kernel/unwind_orc.c): "WARNING: stack going in the wrong direction? at %pB", "can't
            // access registers at %pB"
            Rule.of(
                    OTHER,
                    Family.LINE,
                    "WARNING: ",
                    "WARNING: (stack going in the wrong direction\\?|can't access registers) at (?<f>[^\\s+]+)\\+0x",
                    "WARNING: {1} in {f}",
                    HEAD,
                    "arch/x86/kernel/unwind_orc.c"),
            // get_stack_info (arch/x86/kernel/dumpstack_64.c): "WARNING: stack recursion on stack type %d"
            Rule.of(
                    OTHER,
                    Family.LINE,
                    "WARNING: stack recursion",
                    "WARNING: stack recursion on stack type",
                    "WARNING: stack recursion",
                    NONE,
                    "arch/x86/kernel/dumpstack_64.c"),
            // generic_shutdown_super (fs/super.c): "VFS: Busy inodes after unmount of %s (%s)"
            Rule.of(
                            MEMORY_SAFETY,
                            Family.LINE,
                            "VFS: Busy inodes",
                            "VFS: Busy inodes after unmount of ",
                            "VFS: Busy inodes after unmount (use-after-free)",
                            NONE,
                            "fs/super.c")
                    .typed(SyzkallerTypes.MEMORY_SAFETY_BUG),
            // filp_flush (fs/open.c): "VFS: Close: file count is 0 (f_op=%ps)"
            Rule.of(
                            MEMORY_SAFETY,
                            Family.LINE,
                            "VFS: Close: file count is 0",
                            "VFS: Close: file count is 0",
                            "VFS: Close: file count is 0 (use-after-free)",
                            NONE,
                            "fs/open.c")
                    .typed(SyzkallerTypes.MEMORY_SAFETY_BUG),
            // netdev_wait_allrefs_any: "unregister_netdevice: waiting for %s to become free. Usage count = %d"
            Rule.of(
                            OTHER,
                            Family.LINE,
                            "unregister_netdevice: waiting for ",
                            "unregister_netdevice: waiting for .* to become free",
                            "unregister_netdevice: waiting for DEV to become free",
                            NONE,
                            "net/core/dev.c")
                    .typed("DoS"),
            // unknown_nmi_error: "Uhhuh. NMI received for unknown reason %02x on CPU %d."
            Rule.of(
                    OTHER,
                    Family.LINE,
                    "NMI received for unknown reason",
                    "Uhhuh\\. NMI received for unknown reason",
                    "NMI received for unknown reason",
                    NONE,
                    "arch/x86/kernel/nmi.c"),
            // pci_serr_error: "NMI: PCI system error (SERR) for reason %02x on CPU %d."
            Rule.of(
                    OTHER,
                    Family.LINE,
                    "NMI: PCI system error (SERR)",
                    "NMI: PCI system error \\(SERR\\)",
                    "NMI: PCI system error",
                    NONE,
                    "arch/x86/kernel/nmi.c"),
            // io_check_error: "NMI: IOCK error (debug interrupt?) for reason %02x on CPU %d."
            Rule.of(
                    OTHER,
                    Family.LINE,
                    "NMI: IOCK error",
                    "NMI: IOCK error",
                    "NMI: IOCK error",
                    NONE,
                    "arch/x86/kernel/nmi.c"),
            // __report_bad_irq: "irq %d: nobody cared (try booting with the \"irqpoll\" option)"
            Rule.of(
                    OTHER,
                    Family.WARNING,
                    ": nobody cared (try booting",
                    "^irq \\d+: nobody cared \\(try booting",
                    "irq: nobody cared",
                    NONE,
                    "kernel/irq/spurious.c"),
            // Trusty, a secure monitor, writes its own crashes to the kernel's log: drivers/trusty/trusty-log.c
            Rule.of(
                            OTHER,
                            Family.LINE,
                            "ASSERT FAILED at (",
                            "trusty: .*ASSERT FAILED at \\([^)]*\\): (.*)",
                            "trusty: ASSERT FAILED: {1}",
                            NONE,
                            "drivers/trusty/trusty-log.c")
                    .typed("DoS"),
            // panic() of Rust code, before its BUG: rust/kernel/lib.rs, "{}\n" of PanicInfo
            Rule.of(
                    OTHER,
                    Family.FAULT,
                    "panicked at ",
                    "rust_kernel: panicked at ",
                    "{next} in {f}",
                    STACK,
                    "rust/kernel/lib.rs"),
            // a failure of syzkaller's executor itself
            Rule.of(OTHER, Family.LINE, "SYZFA", "^(SYZFA(?:IL|TAL): .*)", "{1}", NONE, "tools outside the kernel")
                    .typed("SYZ_FAILURE"),
            ANY_BUG);

    private WarningRules() {}

    /** Returns whether a rule takes any text for a bug's: other programs, the verifier's log among them, print such lines too. */
    static boolean isAnyBug(Rule rule) {
        return rule.equals(ANY_BUG);
    }

    private static Rule warn(String head, Rule.Blame blame) {
        return Rule.of(WARNING, Family.WARNING, WARNING_AT, head, "WARNING in {f}", blame, PANIC_C);
    }
}
