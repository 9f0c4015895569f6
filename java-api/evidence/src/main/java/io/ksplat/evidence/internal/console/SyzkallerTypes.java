// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The names that the public corpus gives to what happened, from a title. */
public final class SyzkallerTypes {
    static final String UNKNOWN = "UNKNOWN";

    private record Row(Pattern title, String type) {
        Row(String title, String type) {
            this(Pattern.compile(title), type);
        }
    }

    private static final Pattern SANITIZER =
            Pattern.compile("^(KASAN|KFENCE|KMSAN): ([\\w-]+(?: [a-z]+)*?)(?: ([Rr]ead|[Ww]rite))?(?: in | / |$)");

    private static final List<Row> ROWS = List.of(
            new Row("^KCSAN: data-race", "KCSAN-DATARACE"),
            new Row("^KCSAN: assert", "KCSAN-ASSERT"),
            new Row("^KCSAN", "KCSAN-UNKNOWN"),
            new Row("^UBSAN: array-index-out-of-bounds", "MEMORY_SAFETY_UBSAN"),
            new Row("^UBSAN", "UBSAN"),
            new Row("^memory leak", "LEAK"),
            new Row("^INFO: suspicious RCU usage", UNKNOWN),
            new Row(
                    "^possible deadlock|^inconsistent lock state|: invalid wait context|suspicious RCU usage|bad unlock balance|bad contention|held lock freed|lock held when returning|lock held at task exit"
                            + "|nested lock was not taken|still has locks held|^WARNING: locking bug|^WARNING: chain_key|^BUG: (?:spinlock|rwlock|rt_mutex|rwsem) |^BUG: using .* in preemptible code",
                    "LOCKDEP"),
            new Row(
                    "^INFO: rcu detected stall|^INFO: task hung|^INFO: task can't die|soft lockup|hard lockup|^csd: ",
                    "HANG"),
            new Row(
                    "^BUG: (?:scheduling while atomic|scheduling in a non|sleeping function|assuming )",
                    "ATOMIC_SLEEP"),
            new Row("^WARNING: refcount bug", "REFCOUNT_WARNING"),
            new Row("NULL pointer dereference", "NULL-POINTER-DEREFERENCE"),
            new Row(
                    "^BUG: unable to handle kernel paging request|corrupted list|^BUG: bad usercopy|^VFS: ",
                    "MEMORY_SAFETY_BUG"),
            new Row("^kernel BUG", "BUG"),
            new Row(
                    "^WARNING in |^WARNING$|^WARNING: (?:ODEBUG|kobject|kmalloc|proc registration) bug|^WARNING: corrupted list",
                    "WARNING"),
            new Row(
                    "^general protection fault|^kernel panic|^PANIC: |^stack segment fault|^divide error|^Unhandled (?:fault|prefetch)|^unregister_netdevice|^kernel stack overflow|^invalid opcode"
                            + "|^Internal error|^Oops|^int3|^alignment check|^BUG: (?:Object|Objects|Poison|Padding|Left Redzone|Right Redzone|Redzone|Freechain|Freepointer|Freelist|Wrong|Slab|Page) |^Bad mode|^SError|^CFI failure|^trusty: |^go runtime error",
                    "DoS"),
            new Row("^SYZFA", "SYZ_FAILURE"));

    private SyzkallerTypes() {}

    /** Returns the type of a piece of evidence; UNKNOWN if the corpus has no word for it. */
    public static String of(Evidence evidence) {
        String title = evidence.title();
        Matcher sanitizer = SANITIZER.matcher(title);
        if (sanitizer.find()) {
            return sanitizer(sanitizer.group(1), sanitizer.group(2).replace(' ', '-'), sanitizer.group(3));
        }
        return ROWS.stream()
                .filter(row -> row.title().matcher(title).find())
                .map(Row::type)
                .findFirst()
                .orElseGet(() -> byKind(evidence.kind()));
    }

    private static String sanitizer(String name, String bug, @Nullable String access) {
        String verb = access == null ? "READ" : access.toUpperCase(Locale.ROOT);
        if ("KMSAN".equals(name)) {
            return bug.contains("infoleak") || bug.contains("info-leak")
                    ? "KMSAN-INFO-LEAK"
                    : bug.contains("use-after-free") ? "KMSAN-USE-AFTER-FREE-READ" : "KMSAN-UNINIT-VALUE";
        }
        if (bug.contains("use-after-free")) {
            return name + "-USE-AFTER-FREE-" + verb;
        }
        if (bug.contains("free")) {
            return name + "-INVALID-FREE";
        }
        if (bug.contains("memory-corruption")) {
            return name + "-MEMORY-CORRUPTION";
        }
        return bug.contains("null-ptr-deref") ? name + "-NULL-POINTER-DEREFERENCE-" + verb : name + "-" + verb;
    }

    private static String byKind(EvidenceKind kind) {
        return switch (kind) {
            case LOCKDEP_CIRCULAR,
                    LOCKDEP_RECURSIVE,
                    LOCKDEP_INVERSION,
                    LOCKDEP_INCONSISTENT,
                    LOCKDEP_WAIT_CONTEXT,
                    RCU_USAGE,
                    SPINLOCK_BUG -> "LOCKDEP";
            case RCU_STALL, SOFT_LOCKUP, HARD_LOCKUP, HUNG_TASK, CPU_STUCK, CSD_LOCK -> "HANG";
            case ATOMIC_SLEEP -> "ATOMIC_SLEEP";
            case PANIC -> "DoS";
            case LOCKDEP_HELD,
                    WORKQUEUE_LOCKUP,
                    RQSPINLOCK,
                    LOCK_REFUSED,
                    MEMORY_SAFETY,
                    OOPS,
                    WARNING,
                    VERIFIER,
                    OTHER -> UNKNOWN;
        };
    }
}
