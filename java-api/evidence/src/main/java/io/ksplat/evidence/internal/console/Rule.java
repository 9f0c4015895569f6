// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.internal.console.SyzkallerTypes.Typing;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Says how one family of the kernel's reports begins and what to make of it.
 *
 * @param keyword a literal that every first line of such a report contains; the console is searched for it before any pattern is tried
 * @param head matches somewhere in the first line, after the prefixes
 * @param title a template with {@link Slot}s
 * @param blame where the function comes from that the title names
 * @param source the kernel file that prints the head
 * @param typing decides the type; its kind's unless the rule says otherwise
 * @param continuesWith which heads do not end such a report
 * @param slots what the title leaves open
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

    /** Returns the same rule for reports that are always of one type. */
    Rule typed(String type) {
        return typed(SyzkallerTypes.always(type));
    }

    /** Returns the same rule with another way to decide the type. */
    Rule typed(Typing other) {
        return new Rule(kind, family, keyword, head, title, blame, source, other, continuesWith, slots);
    }

    /** Returns the same rule for reports that other heads go on with. */
    Rule continuingWith(ContinuesWith heads) {
        return new Rule(kind, family, keyword, head, title, blame, source, typing, heads, slots);
    }

    /** What reports of a kind have in common while they are being collected. */
    enum Family {
        LOCKDEP,
        /** Other callers' lines belong to it too: backtraces of all CPUs. */
        STALL,
        MEMORY,
        /** An exception: several head lines in a row are about the same one. */
        FAULT,
        WARNING,
        PANIC,
        /** A BPF program's stream. */
        STREAM,
        LINE
    }

    /** Which heads only go on with a report. A panic goes on with any: it is the consequence. */
    enum ContinuesWith {
        NOTHING,
        /** Heads of the same exception, before its trace. */
        FAULTS,
        /** The buddy detector's and the panicking CPU's heads, before the trace. */
        HARD_LOCKUPS,
        /** {@code unreferenced object}, right after a harness's {@code BUG: memory leak}. */
        LEAKS,
        /** The WARN() that object_err() and slab_err() (mm/slub.c) end with. */
        WARNINGS
    }

    /** Where the function that the title names comes from. */
    enum Blame {
        /** The title names none. */
        NONE,
        /** The head's group {@code f}; its caller if the function serves any caller. */
        HEAD,
        /** The head's group {@code f}, whatever it is. */
        NAMED,
        /** The instruction pointer. */
        PC,
        /** The first of the trace that is no helper. */
        STACK,
        /** Where the lock was to be taken. */
        TAKING,
        /** Where the lock was taken that an interrupt takes too. */
        SAFE,
        /** Where the lock was taken that is still held. */
        HOLDING,
        /** What the CPU was busy with: the innermost entry point. */
        BUSY,
        /** What the CPU spins in, with interrupts off. */
        SPINNING,
        /** What the task waits in. */
        WAITING,
        /** What the worker ran last: {@code last function:}, {@code workfn=} since 6.11. */
        LAST_WORK,
        /** The first allocation of the leaked object. */
        ALLOCATING,
        /** Who held the page that was freed in a bad state. */
        FREEING
    }

    /** What a title leaves open until a report fills it. */
    enum Slot {
        /** The head's first group, without numbers and addresses. */
        SAID("{1}"),
        /** The head's group {@code other}: the second function of a race. */
        OTHER("{other}"),
        /** The line after the head. */
        NEXT_LINE("{next}"),
        /** {@code Read} or {@code Write}, printed under the head. */
        ACCESS("{access}"),
        /** The function to name, or nothing with the " in " before it. */
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
