// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import static io.ksplat.evidence.EvidenceKind.MEMORY_SAFETY;
import static io.ksplat.evidence.EvidenceKind.OTHER;
import static io.ksplat.evidence.EvidenceKind.WARNING;
import static io.ksplat.evidence.internal.console.Rule.Blame.ALLOCATING;
import static io.ksplat.evidence.internal.console.Rule.Blame.FREEING;
import static io.ksplat.evidence.internal.console.Rule.Blame.HEAD;
import static io.ksplat.evidence.internal.console.Rule.Blame.NAMED;
import static io.ksplat.evidence.internal.console.Rule.Blame.NONE;
import static io.ksplat.evidence.internal.console.Rule.Blame.STACK;
import static io.ksplat.evidence.internal.console.Rule.ContinuesWith.LEAKS;
import static io.ksplat.evidence.internal.console.Rule.ContinuesWith.WARNINGS;
import static io.ksplat.evidence.internal.console.Rule.Family.FAULT;
import static io.ksplat.evidence.internal.console.Rule.Family.LINE;
import static io.ksplat.evidence.internal.console.Rule.Family.MEMORY;

import io.ksplat.evidence.internal.console.Rule.Blame;
import java.util.List;

/** Rules for the reports of sanitizers and of the allocators' checks. */
final class MemoryRules {
    private static final String IN = " in (?<f>[^\\s+]+)";

    static final List<Rule> RULES = List.of(
            // print_error_description (mm/kasan/report.c): "BUG: KASAN: %s in %pS"; "... at addr %p" before 4.11
            rule(
                            "BUG: KASAN: ",
                            "BUG: KASAN: ([\\w-]+)(?: or [\\w-]+)?" + IN,
                            "KASAN: {1} {access} in {f}",
                            HEAD,
                            "mm/kasan/report.c")
                    .typed(SyzkallerTypes::kasan),
            // "BUG: KASAN: wild-memory-access on address %p", "user-memory-access", "null-ptr-deref" before 4.11;
            // "invalid-access" asynchronous
            rule("BUG: KASAN: ", "BUG: KASAN: ([\\w-]+)", "KASAN: {1} {access} in {f}", STACK, "mm/kasan/report.c")
                    .typed(SyzkallerTypes::kasan),
            // print_error_description from 4.0 to 4.2: "BUG: KASan: %s in %pS at addr %p"
            rule(
                            "BUG: KASan: ",
                            "BUG: KASan: ([\\w -]+?)" + IN,
                            "KASAN: {1} {access} in {f}",
                            HEAD,
                            "mm/kasan/report.c")
                    .typed(SyzkallerTypes::kasan),
            // kfence_report_error: "BUG: KFENCE: %s in %pS"
            rule("BUG: KFENCE: ", "BUG: KFENCE: ([\\w -]+?)" + IN, "KFENCE: {1} in {f}", HEAD, "mm/kfence/report.c")
                    .typed(SyzkallerTypes::kfence),
            // kmsan_report: "BUG: KMSAN: %s in %pSb"
            rule("BUG: KMSAN: ", "BUG: KMSAN: ([\\w -]+?)" + IN, "KMSAN: {1} in {f}", HEAD, "mm/kmsan/report.c")
                    .typed(SyzkallerTypes::kmsan),
            // print_report (kernel/kcsan/report.c): "BUG: KCSAN: %s in %ps / %ps"
            Rule.of(
                            OTHER,
                            MEMORY,
                            "BUG: KCSAN: ",
                            "BUG: KCSAN: ([\\w :-]+?) in (?<f>[^\\s+]+) / (?<other>[^\\s+]+)",
                            "KCSAN: {1} in {f} / {other}",
                            NAMED,
                            "kernel/kcsan/report.c")
                    .typed(SyzkallerTypes::kcsan),
            Rule.of(
                            OTHER,
                            MEMORY,
                            "BUG: KCSAN: ",
                            "BUG: KCSAN: ([\\w :-]+?)" + IN,
                            "KCSAN: {1} in {f}",
                            HEAD,
                            "kernel/kcsan/report.c")
                    .typed(SyzkallerTypes::kcsan),
            // __ubsan_handle_*: "UBSAN: %s in %s:%d:%d"; "UBSAN: Undefined behaviour in" before 5.0
            Rule.of(
                            WARNING,
                            MEMORY,
                            "UBSAN: ",
                            "UBSAN: Undefined behaviour in \\S+",
                            "UBSAN: undefined-behaviour in {f}",
                            STACK,
                            "lib/ubsan.c")
                    .typed(SyzkallerTypes::ubsan),
            Rule.of(
                            WARNING,
                            MEMORY,
                            "UBSAN: ",
                            "UBSAN: ([\\w-]+) in \\S+:\\d+",
                            "UBSAN: {1} in {f}",
                            STACK,
                            "lib/ubsan.c")
                    .typed(SyzkallerTypes::ubsan),
            // handle_bug() and report_ubsan_failure(): "%s at %pS", "UBSAN: array index out of bounds"
            Rule.of(
                            WARNING,
                            FAULT,
                            "UBSAN: ",
                            "UBSAN: ([\\w -]+) at (?<f>[^\\s+]+)\\+0x",
                            "UBSAN: {1} in {f}",
                            HEAD,
                            "arch/x86/kernel/traps.c")
                    .typed(SyzkallerTypes::ubsan),
            // kmemleak's seq_file: "unreferenced object 0x%08lx (size %zu):"; test harnesses print "BUG: memory leak"
            // before it
            leak(
                    "unreferenced object",
                    "^\\s*(?:kmemleak: )?unreferenced (?:percpu )?object (?:0x)?[0-9a-f]+ \\(size \\d+\\):"),
            leak("BUG: memory leak", "BUG: memory leak"),
            // slab_bug: "BUG %s (%s): %s"; that of kasan_report_error until 4.7 belongs to KASAN's own report
            rule(
                            "BUG ",
                            "^BUG \\S+ \\((?:Tainted|Not tainted)[^)]*\\): (?!kasan: bad access)([\\w ]+)",
                            "BUG: {1}",
                            NONE,
                            "mm/slub.c")
                    .typed(SyzkallerTypes::slab)
                    .continuingWith(WARNINGS),
            // bad_page: "BUG: Bad page state in process %s  pfn:%05lx"
            rule("BUG: Bad page ", "BUG: Bad page state", "BUG: Bad page state in {f}", FREEING, "mm/page_alloc.c"),
            // print_bad_pte: "BUG: Bad page map in process %s  pte:%08llx pmd:%08llx"
            rule("BUG: Bad page ", "BUG: Bad page (cache|map)", "BUG: Bad page {1}", NONE, "mm/memory.c"),
            // check_mm: "BUG: Bad rss-counter state mm:%px type:%s val:%ld"
            rule(
                    "BUG: Bad rss-counter",
                    "BUG: Bad rss-counter state",
                    "BUG: Bad rss-counter state",
                    NONE,
                    "kernel/fork.c"),
            // umount_check: "BUG: Dentry %p{i=%lx,n=%pd}  still in use (%d) [unmount of %s %s]"
            Rule.of(
                    OTHER,
                    LINE,
                    "still in use (",
                    "BUG: Dentry .* still in use \\(-?\\d+\\) \\[(?<f>unmount) of",
                    "BUG: Dentry still in use in {f}",
                    NAMED,
                    "fs/dcache.c"),
            // slab_error(): "slab error in %s(): cache `%s': %s". No rule for "list_add corruption. ..."
            // (__list_add_valid_or_report and others, lib/list_debug.c), fortify_panic and usercopy_abort: the BUG or
            // WARNING
            // that follows is the report. __stack_chk_fail is a panic.
            rule("slab error in ", "^slab error in (?<f>\\w+)\\(\\)", "BUG: slab error in {f}", NAMED, "mm/slab.c"));

    private MemoryRules() {}

    private static Rule rule(String keyword, String head, String title, Blame blame, String source) {
        return Rule.of(MEMORY_SAFETY, MEMORY, keyword, head, title, blame, source);
    }

    private static Rule leak(String keyword, String head) {
        return Rule.of(OTHER, MEMORY, keyword, head, "memory leak in {f}", ALLOCATING, "mm/kmemleak.c")
                .typed("LEAK")
                .continuingWith(LEAKS);
    }
}
