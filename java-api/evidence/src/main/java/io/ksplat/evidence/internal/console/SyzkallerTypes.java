// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Decides the type that syzkaller's corpus gives to a report. */
final class SyzkallerTypes {
    static final String UNKNOWN = "UNKNOWN";
    static final String MEMORY_SAFETY_BUG = "MEMORY_SAFETY_BUG";

    /** The errors of slab_err() and object_err() (mm/slub.c) that have a type in the corpus. */
    private static final Pattern SLAB = Pattern.compile(
            "^(?:Object|Objects|Poison|Padding|Left Redzone|Right Redzone|Redzone|Freechain|Freepointer|Freelist|Wrong|Slab|Page) ");

    /** A bug and perhaps the access, which KFENCE prints in the head: "use-after-free read". */
    private static final Pattern BUG_AND_ACCESS = Pattern.compile("(.*?)(?: ([Rr]ead|[Ww]rite))?");

    /** Decides the type of a rule's reports. */
    @FunctionalInterface
    interface Typing {
        /**
         * Returns the type.
         *
         * @param said the head's first group
         * @param access {@code Read} or {@code Write}, if printed below the head
         */
        String of(String said, Optional<String> access);
    }

    private SyzkallerTypes() {}

    static Typing always(String type) {
        return (said, access) -> type;
    }

    static String kasan(String said, Optional<String> access) {
        return sanitizer("KASAN", said, access);
    }

    static String kfence(String said, Optional<String> access) {
        return sanitizer("KFENCE", said, access);
    }

    private static String sanitizer(String name, String said, Optional<String> access) {
        Matcher words = BUG_AND_ACCESS.matcher(said);
        String bug = words.matches() ? words.group(1).replace(' ', '-') : said;
        String verb = (words.matches() ? Optional.ofNullable(words.group(2)) : Optional.<String>empty())
                .or(() -> access)
                .orElse("Read")
                .toUpperCase(Locale.ROOT);
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

    static String kmsan(String said, Optional<String> access) {
        if (said.contains("infoleak") || said.contains("info-leak")) {
            return "KMSAN-INFO-LEAK";
        }
        return said.contains("use-after-free") ? "KMSAN-USE-AFTER-FREE-READ" : "KMSAN-UNINIT-VALUE";
    }

    static String kcsan(String said, Optional<String> access) {
        if (said.startsWith("data-race")) {
            return "KCSAN-DATARACE";
        }
        return said.startsWith("assert") ? "KCSAN-ASSERT" : "KCSAN-UNKNOWN";
    }

    static String ubsan(String said, Optional<String> access) {
        return said.startsWith("array-index-out-of-bounds") ? "MEMORY_SAFETY_UBSAN" : "UBSAN";
    }

    static String slab(String said, Optional<String> access) {
        return SLAB.matcher(said).find() ? "DoS" : UNKNOWN;
    }
}
