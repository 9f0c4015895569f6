// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import static io.ksplat.evidence.EvidenceKind.MEMORY_SAFETY;
import static io.ksplat.evidence.EvidenceKind.OOPS;
import static io.ksplat.evidence.EvidenceKind.WARNING;

import io.ksplat.evidence.EvidenceKind;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Rules for BUG() and WARN() in files of the kernel's libraries. They accuse the caller of the library. */
final class LibraryRules {
    private static final List<Library> LIBRARIES = List.of(
            bug("lib/list_debug\\.c|include/linux/list\\.h", "BUG: corrupted list in {f}"),
            bug("mm/usercopy\\.c$", "BUG: bad usercopy in {f}"),
            warning("lib/refcount\\.c|linux/refcount\\.h", "WARNING: refcount bug in {f}", "REFCOUNT_WARNING"),
            warning("lib/debugobjects\\.c", "WARNING: ODEBUG bug in {f}", WARNING.type()),
            warning("lib/kobject\\.c", "WARNING: kobject bug in {f}", WARNING.type()),
            warning(
                    "mm/util\\.c|mm/slab_common\\.c|mm/slub\\.c|mm/slab\\.c",
                    "WARNING: kmalloc bug in {f}",
                    WARNING.type()),
            warning("mm/usercopy\\.c", "WARNING: bad usercopy in {f}", SyzkallerTypes.UNKNOWN),
            warning("fs/proc/generic\\.c", "WARNING: proc registration bug in {f}", WARNING.type()),
            warning(
                    "kernel/locking/(?:lockdep|mutex|rwsem|rtmutex\\w*)\\.c",
                    "WARNING: locking bug in {f}",
                    "LOCKDEP"));

    /**
     * The changes to a rule for one library.
     *
     * @param of the kind of rules that are changed
     * @param blame empty to keep the rule's
     */
    private record Library(
            EvidenceKind of, Pattern file, EvidenceKind kind, String title, Optional<Rule.Blame> blame, String type) {}

    private LibraryRules() {}

    private static Library bug(String file, String title) {
        return new Library(
                OOPS, Pattern.compile(file), MEMORY_SAFETY, title, Optional.empty(), SyzkallerTypes.MEMORY_SAFETY_BUG);
    }

    private static Library warning(String file, String title, String type) {
        return new Library(WARNING, Pattern.compile(file), WARNING, title, Optional.of(Rule.Blame.STACK), type);
    }

    /** Returns the rule, changed if the file in its head belongs to a library. */
    static Rule refined(Rule rule, Optional<String> file) {
        return file.flatMap(name -> LIBRARIES.stream()
                        .filter(library -> library.of() == rule.kind()
                                && library.file().matcher(name).find())
                        .findFirst())
                .map(library -> Rule.of(
                                library.kind(),
                                rule.family(),
                                rule.keyword(),
                                rule.head(),
                                library.title(),
                                library.blame().orElse(rule.blame()),
                                rule.source())
                        .typed(library.type()))
                .orElse(rule);
    }
}
