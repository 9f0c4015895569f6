// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import static io.ksplat.evidence.EvidenceKind.OOPS;
import static io.ksplat.evidence.EvidenceKind.PANIC;
import static io.ksplat.evidence.internal.console.Rule.Blame.BUSY;
import static io.ksplat.evidence.internal.console.Rule.Blame.HEAD;
import static io.ksplat.evidence.internal.console.Rule.Blame.NONE;
import static io.ksplat.evidence.internal.console.Rule.Blame.PC;
import static io.ksplat.evidence.internal.console.Rule.Blame.STACK;
import static io.ksplat.evidence.internal.console.Rule.Family.FAULT;

import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.internal.console.Rule.Blame;
import io.ksplat.evidence.internal.console.Rule.Family;
import java.util.List;

/** Rules for exceptions in the kernel, on every architecture, and for panics. */
final class FaultRules {
    private static final String X86_FAULT = "arch/x86/mm/fault.c";
    private static final String X86_TRAPS = "arch/x86/kernel/traps.c";

    static final List<Rule> RULES = List.of(
            // show_fault_oops: "BUG: unable to handle kernel NULL pointer dereference at %px" until 5.0, "BUG: kernel
            // NULL pointer dereference, address: %px" since
            nullPointer(
                    "NULL pointer dereference",
                    "BUG: (?:unable to handle )?kernel NULL pointer dereference",
                    X86_FAULT),
            // "BUG: unable to handle kernel paging request at %px" until 5.0, "BUG: unable to handle page fault for
            // address: %px" since
            paging(
                    "BUG: unable to handle",
                    "BUG: unable to handle (?:kernel paging request|page fault for address)",
                    X86_FAULT),
            // the rest of the line was lost
            fault(
                            "BUG: unable to handle",
                            "BUG: unable to handle kernel",
                            "BUG: unable to handle kernel",
                            NONE,
                            X86_FAULT)
                    .typed(SyzkallerTypes.UNKNOWN),
            // die_kernel_fault (arch/arm64/mm/fault.c, arch/arm/mm/fault.c, arch/riscv, arch/loongarch): "Unable to
            // handle kernel %s at virtual address"
            nullPointer(
                    "Unable to handle kernel",
                    "Unable to handle kernel NULL pointer dereference",
                    "arch/arm64/mm/fault.c"),
            paging(
                    "Unable to handle kernel",
                    "Unable to handle kernel (?:paging request|access to user memory|read|write|execute|unreadable|data access|unknown)[\\w -]*",
                    "arch/arm64/mm/fault.c"),
            // arch/mips/mm/fault.c: "CPU %d Unable to handle kernel paging request at virtual address"
            // bad_page_fault (arch/powerpc/mm/fault.c): "BUG: Kernel NULL pointer dereference on %s at 0x%08lx", "BUG:
            // Unable to handle kernel %s at 0x%08lx"
            nullPointer("BUG: Kernel NULL pointer", "BUG: Kernel NULL pointer dereference", "arch/powerpc/mm/fault.c"),
            paging(
                    "BUG: Unable to handle ",
                    "BUG: Unable to handle (?:kernel (?:data access|instruction fetch|unaligned access|paging request)|unknown paging fault)",
                    "arch/powerpc/mm/fault.c"),
            paging("Unable to handle kernel", "Unable to handle kernel pointer dereference", "arch/s390/mm/fault.c"),
            // do_DataAbort: "Unhandled fault: %s (0x%03x) at 0x%08lx"; do_PrefetchAbort: "Unhandled prefetch abort:
            // ..."
            fault("Unhandled fault: ", "Unhandled fault: ", "Unhandled fault in {f}", PC, "arch/arm/mm/fault.c"),
            fault(
                    "Unhandled prefetch abort: ",
                    "Unhandled prefetch abort: ",
                    "Unhandled prefetch abort in {f}",
                    PC,
                    "arch/arm/mm/fault.c"),
            // exc_general_protection: "general protection fault%s: %04lx [#%d]", "probably for non-canonical address",
            // "segment-related"; "Oops: " before it since 6.8
            fault(
                    "general protection",
                    "general protection(?: fault)?(?:, |: |$)",
                    "general protection fault in {f}",
                    PC,
                    X86_TRAPS),
            // do_stack_segment and others: DO_ERROR(): "%s: %04lx [#%d]"
            fault(
                    "stack segment: ",
                    "stack segment: [0-9a-f]{4} \\[#\\d+\\]",
                    "stack segment fault in {f}",
                    PC,
                    X86_TRAPS),
            fault("divide error: ", "divide error: [0-9a-f]{4} \\[#\\d+\\]", "divide error in {f}", PC, X86_TRAPS),
            // df_debug, exc_double_fault: "PANIC: double fault, error_code: 0x%lx"
            fault("PANIC: double fault", "PANIC: double fault", "PANIC: double fault in {f}", PC, X86_TRAPS),
            fault(
                    "double fault: ",
                    "double fault: [0-9a-f]{4} \\[#\\d+\\]",
                    "PANIC: double fault in {f}",
                    PC,
                    X86_TRAPS),
            // early_fixup_exception (arch/x86/mm/extable.c): "PANIC: early exception 0x%02x IP %lx:%lx error %lx cr2
            // 0x%lx"; also arch/s390/kernel/early.c
            fault(
                    "PANIC: early exception",
                    "PANIC: early exception",
                    "PANIC: early exception in {f}",
                    PC,
                    "arch/x86/mm/extable.c"),
            // fred_bad_type: "PANIC: invalid or fatal FRED event; event type %u ...", "BUG: ..."
            fault(
                            "invalid or fatal FRED event; ",
                            "(PANIC|BUG): invalid or fatal FRED event; ",
                            "{1}: invalid or fatal FRED event in {f}",
                            PC,
                            "arch/x86/entry/entry_fred.c")
                    .typed((said, access) -> "BUG".equals(said) ? SyzkallerTypes.UNKNOWN : OOPS.type()),
            // handle_stack_overflow: "BUG: %s stack guard page was hit at %p (stack is %p..%p)"
            fault(
                            "stack guard page was hit",
                            "BUG: (?:\\S+ )?stack guard page was hit",
                            "BUG: stack guard page was hit in {f}",
                            BUSY,
                            X86_TRAPS)
                    .typed(SyzkallerTypes.UNKNOWN),
            // panic_bad_stack (arm64), handle_bad_stack (arm, riscv): "Insufficient stack space to handle exception!"
            fault(
                    "Insufficient stack space to handle exception",
                    "Insufficient stack space to handle exception",
                    "kernel stack overflow in {f}",
                    BUSY,
                    "arch/arm64/kernel/traps.c"),
            // report_bug: "kernel BUG at %s:%u!"
            fault("kernel BUG at ", "kernel BUG at (?<file>\\S+?):\\d+!", "kernel BUG in {f}", PC, "lib/bug.c")
                    .typed("BUG"),
            fault("kernel BUG at ", "kernel BUG at (?<f>[\\w.]+)\\+0x", "kernel BUG in {f}", HEAD, "lib/bug.c")
                    .typed("BUG"),
            fault("Kernel BUG at ", "Kernel BUG at ", "kernel BUG in {f}", PC, "arch/powerpc/kernel/traps.c")
                    .typed("BUG"),
            fault("Kernel BUG [#", "Kernel BUG \\[#\\d+\\]", "kernel BUG in {f}", PC, "arch/riscv/kernel/traps.c")
                    .typed("BUG"),
            // die() (arch/x86/kernel/dumpstack.c): "%s: %04lx [#%d]%s%s%s%s", "Oops: " before the trap's name since 6.8
            fault(
                    "invalid opcode: ",
                    "invalid opcode: [0-9a-f]{4} \\[#\\d+\\]",
                    "invalid opcode in {f}",
                    PC,
                    X86_TRAPS),
            fault("int3: ", "int3: [0-9a-f]{4} \\[#\\d+\\]", "int3 in {f}", PC, X86_TRAPS),
            fault(
                    "alignment check: ",
                    "alignment check: [0-9a-f]{4} \\[#\\d+\\]",
                    "alignment check in {f}",
                    PC,
                    X86_TRAPS),
            fault("Missing ENDBR: ", "Missing ENDBR: ", "CFI failure in {f}", PC, "arch/x86/kernel/cet.c"),
            fault("CFI failure at ", "CFI failure at (?<f>[^\\s+]+)", "CFI failure in {f}", HEAD, "kernel/cfi.c"),
            // bug_brk_handler: die() with the text of report_ubsan_failure(), "UBSAN: array index out of bounds"
            fault(
                            "Internal error: UBSAN: ",
                            "Internal error: UBSAN: ([\\w -]+): [0-9a-f]+ \\[#\\d+\\]",
                            "UBSAN: {1} in {f}",
                            PC,
                            "arch/arm64/kernel/traps.c")
                    .typed(SyzkallerTypes::ubsan),
            // arm and arm64 die(): "Internal error: %s: %x [#%d]"; the string is empty for a fault that has no name
            fault(
                    "Internal error: ",
                    "Internal error: .*?: [0-9a-f]+ \\[#\\d+\\]",
                    "Internal error in {f}",
                    PC,
                    "arch/arm64/kernel/traps.c"),
            // powerpc, s390, mips, loongarch, riscv die(): "Oops: %s, sig: %ld [#%d]", "%s: %04x ilc:%d [#%d]",
            // "%s[#%d]:", "%s [#%d]"
            fault("Oops: ", "^Oops: ", "Oops in {f}", PC, "arch/powerpc/kernel/traps.c"),
            // do_trap_error (arch/riscv/kernel/traps.c): die() with "Oops - load access fault" and others
            fault("Oops - ", "^Oops - [\\w ,()-]+ \\[#\\d+\\]", "Oops in {f}", PC, "arch/riscv/kernel/traps.c"),
            fault("Oops[#", "Oops\\[#\\d+\\]", "Oops in {f}", PC, "arch/mips/kernel/traps.c"),
            fault("Oops [#", "Oops \\[#\\d+\\]", "Oops in {f}", PC, "arch/riscv/kernel/traps.c"),
            fault(
                    " ilc:",
                    "^[\\w ]+: [0-9a-f]{4} ilc:\\d \\[#\\d+\\]",
                    "Oops in {f}",
                    PC,
                    "arch/s390/kernel/dumpstack.c"),
            // mips and loongarch BUG(): die("Kernel bug detected"); riscv, mips, loongarch, csky die(): "%s[#%d]:", "%s
            // [#%d]"
            fault(
                            "Kernel bug detected",
                            "Kernel bug detected\\[#\\d+\\]",
                            "kernel BUG in {f}",
                            PC,
                            "arch/mips/kernel/traps.c")
                    .typed("BUG"),
            fault(
                    "[#1]",
                    "^[A-Za-z][\\w ,./!()-]*?(?:: [0-9a-f]+)? ?\\[#\\d+\\]",
                    "Oops in {f}",
                    PC,
                    "arch/riscv/kernel/traps.c"),
            // parisc_terminate: "%s: Code=%d (%s) at addr %016lx"
            fault(
                    ": Code=",
                    "^[A-Z][A-Za-z ]+: Code=\\d+ \\([^)]*\\) at addr [0-9a-f]+",
                    "Oops in {f}",
                    PC,
                    "arch/parisc/kernel/traps.c"),
            // do_IRQ/stack check: "do_IRQ(): %s has overflown the kernel stack (cur:..."
            Rule.of(
                    EvidenceKind.WARNING,
                    FAULT,
                    "has overflown the kernel stack",
                    "do_IRQ(?:\\(\\))?: \\S+ has overflown the kernel stack",
                    "WARNING in {f}",
                    PC,
                    "arch/x86/kernel/irq_64.c"),
            // ex_handler_msr_mce: "unchecked MSR access error: %s"
            fault(
                            "unchecked MSR access error: ",
                            "unchecked MSR access error: .*\\((?<f>[^\\s+]+)\\+",
                            "unchecked MSR access error in {f}",
                            HEAD,
                            "arch/x86/mm/extable.c")
                    .typed(SyzkallerTypes.UNKNOWN),
            // bad_mode: "Bad mode in %s handler detected"; arm64_serror_panic: "SError Interrupt on CPU%d"
            fault(
                    "Bad mode in ",
                    "Bad mode in [\\w ]+ handler detected",
                    "Bad mode in {f}",
                    PC,
                    "arch/arm/kernel/traps.c"),
            fault(
                    "SError Interrupt on CPU",
                    "SError Interrupt on CPU\\d+",
                    "SError Interrupt in {f}",
                    PC,
                    "arch/arm64/kernel/traps.c"),
            // __panic_unhandled (arch/arm64/kernel/entry-common.c): "Unhandled %s exception on CPU%d, ESR 0x%016lx --
            // %s"
            fault(
                    "Unhandled ",
                    "^Unhandled [\\w -]+ exception on CPU\\d+, ESR ",
                    "Unhandled exception in {f}",
                    PC,
                    "arch/arm64/kernel/entry-common.c"),
            // show_ecr_verbose (arch/arc/kernel/troubleshoot.c): "Invalid %s @ 0x%08lx by insn @ %pS"
            fault(
                    " by insn @ ",
                    "^Invalid \\w+ @ 0x[0-9a-f]+ by insn @ (?<f>[^\\s+]+)\\+0x",
                    "Oops in {f}",
                    HEAD,
                    "arch/arc/kernel/troubleshoot.c"),
            // __stack_chk_fail: "stack-protector: Kernel stack is corrupted in: %pB"
            panic(
                    "stack-protector: Kernel stack is corrupted in: (?![0-9a-f]{8,16}\\b)(?<f>[^\\s+]+)",
                    "kernel panic: stack is corrupted in {f}",
                    HEAD),
            panic("stack-protector:", "kernel panic: stack is corrupted in {f}", STACK),
            // schedule_debug: "corrupted stack end detected inside scheduler"
            panic("corrupted stack end detected inside scheduler", "kernel panic: corrupted stack end in {f}", STACK),
            // vpanic: "Kernel panic - not syncing: %s"
            panic("Attempted to kill init!", "kernel panic: Attempted to kill init!", NONE),
            panic("Fatal exception", "kernel panic: Fatal exception", NONE),
            panic("panic_on_warn set", "kernel panic: panic_on_warn set", NONE),
            panic("\\s*(.*)", "kernel panic: {1}", NONE));

    private FaultRules() {}

    private static Rule fault(String keyword, String head, String title, Blame blame, String source) {
        return Rule.of(OOPS, FAULT, keyword, head, title, blame, source);
    }

    private static Rule nullPointer(String keyword, String head, String source) {
        return fault(keyword, head, "BUG: unable to handle kernel NULL pointer dereference in {f}", PC, source)
                .typed("NULL-POINTER-DEREFERENCE");
    }

    private static Rule paging(String keyword, String head, String source) {
        return fault(keyword, head, "BUG: unable to handle kernel paging request in {f}", PC, source)
                .typed(SyzkallerTypes.MEMORY_SAFETY_BUG);
    }

    private static Rule panic(String cause, String title, Blame blame) {
        return Rule.of(
                PANIC,
                Family.PANIC,
                "Kernel panic - not syncing: ",
                "(?<!end )Kernel panic - not syncing: " + cause,
                title,
                blame,
                "kernel/panic.c");
    }
}
