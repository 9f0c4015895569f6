// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.internal.console.SyzkallerTypes.Typing;
import java.util.regex.Pattern;

/**
 * How one family of the kernel's reports begins, and what to make of it.
 *
 * @param keyword a literal that every first line of such a report holds; the console is searched for it before any pattern is tried
 * @param head matches somewhere in the first line, after the prefixes
 * @param title a template: {@code {1}} is the head's first group without numbers and addresses, {@code {f}} the function to name
 * @param source the kernel file that prints the head
 * @param typing decides the type; its kind's if the rule says nothing else
 */
record Rule(
        EvidenceKind kind,
        Family family,
        String keyword,
        Pattern head,
        String title,
        Blame blame,
        String source,
        Typing typing) {

    static Rule of(
            EvidenceKind kind, Family family, String keyword, String head, String title, Blame blame, String source) {
        return new Rule(
                kind, family, keyword, Pattern.compile(head), title, blame, source, SyzkallerTypes.always(kind.type()));
    }

    /** Returns the same rule for reports that are always of one type. */
    Rule typed(String type) {
        return typed(SyzkallerTypes.always(type));
    }

    /** Returns the same rule with another way to decide the type. */
    Rule typed(Typing other) {
        return new Rule(kind, family, keyword, head, title, blame, source, other);
    }

    /** What reports of a kind have in common while they are being collected. */
    enum Family {
        LOCKDEP,
        /** Others' lines belong to it too: backtraces of all CPUs. */
        STALL,
        MEMORY,
        /** An exception: several head lines in a row tell about the same one. */
        FAULT,
        WARNING,
        PANIC,
        /** A BPF program's stream. */
        STREAM,
        LINE
    }

    /** Whose fault the title says it is. */
    enum Blame {
        /** Nobody's. */
        NONE,
        /** The head names it (group {@code f}); if that serves anybody, its caller. */
        HEAD,
        /** The head names it (group {@code f}), whatever it is. */
        NAMED,
        /** Where the instruction pointer was. */
        PC,
        /** The first of the trace that is not part of the machinery. */
        STACK,
        /** Where the lock was to be taken. */
        TAKING,
        /** Where the lock was taken that an interrupt takes too. */
        SAFE,
        /** Where the lock that is still held was taken. */
        HOLDING,
        /** What the CPU was busy with: the innermost entry point. */
        BUSY,
        /** What the CPU spins in, with interrupts off. */
        SPINNING,
        /** What the task waits in. */
        WAITING,
        /** The first allocation of the leaked object. */
        ALLOCATING,
        /** Who held the page that was freed in a bad state. */
        FREEING
    }
}
