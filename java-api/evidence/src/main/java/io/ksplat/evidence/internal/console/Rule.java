// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.internal.console.SyzkallerTypes.Typing;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Describes how a report of the kernel begins and how to read it.
 *
 * @param keyword a literal in every first line of such a report; the console is searched for it before any pattern is tried
 * @param head matches part of the first line without its prefixes
 * @param title a template with {@link Slot}s
 * @param blame where the function in the title comes from
 * @param source the kernel file that prints the head
 * @param typing decides the type; by default it is that of the kind
 * @param continuesWith which heads continue such a report instead of beginning another
 * @param slots the slots of the title
 */
record Rule(
        EvidenceKind kind,
        Family family,
        String keyword,
        Pattern head,
        String title,
        Blame blame,
        String source,
        Typing typing,
        ContinuesWith continuesWith,
        List<Slot> slots) {

    static Rule of(
            EvidenceKind kind, Family family, String keyword, String head, String title, Blame blame, String source) {
        return of(kind, family, keyword, Pattern.compile(head), title, blame, source);
    }

    static Rule of(
            EvidenceKind kind, Family family, String keyword, Pattern head, String title, Blame blame, String source) {
        return new Rule(
                kind,
                family,
                keyword,
                head,
                title,
                blame,
                source,
                SyzkallerTypes.always(kind.type()),
                family == Family.FAULT ? ContinuesWith.FAULTS : ContinuesWith.NOTHING,
                Slot.in(title));
    }

    /** Returns this rule with a fixed type. */
    Rule typed(String type) {
        return typed(SyzkallerTypes.always(type));
    }

    /** Returns this rule with another way to decide the type. */
    Rule typed(Typing other) {
        return new Rule(kind, family, keyword, head, title, blame, source, other, continuesWith, slots);
    }

    /** Returns this rule for reports that other heads continue. */
    Rule continuingWith(ContinuesWith heads) {
        return new Rule(kind, family, keyword, head, title, blame, source, typing, heads, slots);
    }

    /** Decides which lines belong to a report and which reader reads them. */
    enum Family {
        LOCKDEP,
        /** Lines of other callers belong to it too: backtraces of all CPUs. */
        STALL,
        MEMORY,
        /** An exception. Several heads in a row may belong to it. */
        FAULT,
        WARNING,
        PANIC,
        /** A BPF program's stream. */
        STREAM,
        LINE
    }

    /** Which heads continue a report. A panic continues any report, because it is a consequence. */
    enum ContinuesWith {
        NOTHING,
        /** Further heads of the same exception, before its trace. */
        FAULTS,
        /** Further heads of a hard lockup, before its trace. */
        HARD_LOCKUPS,
        /** Further pools, before the list of all of them. */
        POOLS,
        /** {@code unreferenced object}, right after a harness's {@code BUG: memory leak}. */
        LEAKS,
        /** The WARN() that object_err() and slab_err() (mm/slub.c) end with. */
        WARNINGS
    }

    /** Where the function in the title comes from. */
    enum Blame {
        /** The title names no function. */
        NONE,
        /** The head's group {@code f}, or its caller if that function is a helper. */
        HEAD,
        /** The head's group {@code f}, even if it is a helper. */
        NAMED,
        /** The instruction pointer. */
        PC,
        /** The first function of the trace that is no helper. */
        STACK,
        /** The function that was about to take the lock. */
        TAKING,
        /** The function that took the lock in an interrupt. */
        SAFE,
        /** The function that took the lock that is still held. */
        HOLDING,
        /** The innermost entry point of the stuck CPU. */
        BUSY,
        /** The function that the CPU spins in, with interrupts off. */
        SPINNING,
        /** The work that is in flight on the stuck CPU. */
        IN_FLIGHT,
        /** The function that the task waits in. */
        WAITING,
        /** The last function of the worker: {@code last function:}, since 6.11 {@code workfn=}. */
        LAST_WORK,
        /** The function that allocated the leaked object. */
        ALLOCATING,
        /** The last user of the page that was freed in a bad state. */
        FREEING
    }

    /** A placeholder in a title that the report fills. */
    enum Slot {
        /** The head's first group, without numbers and addresses. */
        SAID("{1}"),
        /** The head's group {@code other}: the second function of a race. */
        OTHER("{other}"),
        /** The line below the head. */
        NEXT_LINE("{next}"),
        /** {@code Read} or {@code Write}, printed below the head. */
        ACCESS("{access}"),
        /** The function to name. Without one, the " in " before it goes too. */
        FUNCTION("{f}");

        private static final Pattern ANY = Pattern.compile("\\{\\w+}");

        private final String placeholder;

        Slot(String placeholder) {
            this.placeholder = placeholder;
        }

        String placeholder() {
            return placeholder;
        }

        /** Returns the slots of a title. */
        static List<Slot> in(String title) {
            List<Slot> slots = new ArrayList<>();
            String rest = title;
            for (Slot slot : values()) {
                if (rest.contains(slot.placeholder)) {
                    slots.add(slot);
                    rest = rest.replace(slot.placeholder, "");
                }
            }
            Matcher unknown = ANY.matcher(rest);
            if (unknown.find()) {
                throw new IllegalArgumentException("no slot is called " + unknown.group() + ": '" + title + "'");
            }
            return List.copyOf(slots);
        }
    }
}
