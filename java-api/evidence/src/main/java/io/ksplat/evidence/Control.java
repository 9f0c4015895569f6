// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.OptionalLong;

/**
 * A check that an experiment worked. Without one, the absence of evidence proves nothing.
 *
 * @param role whom a failure accuses
 * @param name what was counted, e.g. {@code dropped} or {@code freed:delayed_put_task_struct}
 * @param required the smallest count that passes
 * @param observed the count that was read from outside the guest
 * @param most the largest count that passes; empty if there is none
 */
public record Control(Role role, String name, long required, long observed, OptionalLong most) {
    /** Creates a control without an upper bound. */
    public Control(Role role, String name, long required, long observed) {
        this(role, name, required, observed, OptionalLong.empty());
    }

    /** What a control checks. It decides whom a failure may accuse. */
    public enum Role {
        /** The stimulus was delivered: NMIs, a storm. A failure accuses the harness or a busy host. */
        STIMULUS,
        /** The code under test did its work: dropped, freed, reached. Only this failure accuses a kernel or a patch. */
        EFFECT,
        /** A bug could have been seen: lockdep and KASAN were still on. A failure accuses nobody. */
        OBSERVER;

        /** Returns the role of a control with a well-known name, for reports that do not record roles; EFFECT for any other name. */
        public static Role ofName(String control) {
            return switch (control) {
                case "nmi", "storm", "sysrq" -> STIMULUS;
                case "lockdep", "kasan", "untainted", "console", "quiet" -> OBSERVER;
                default -> control.startsWith("exit:") ? STIMULUS : EFFECT;
            };
        }
    }

    /** Returns a control that checks whether the stimulus was delivered. */
    public static Control stimulus(String name, long required, long observed) {
        return new Control(Role.STIMULUS, name, required, observed);
    }

    /** Returns a control that checks whether the code under test did its work. */
    public static Control effect(String name, long required, long observed) {
        return new Control(Role.EFFECT, name, required, observed);
    }

    /** Returns a control that checks whether a bug could have been seen. */
    public static Control observer(String name, long required, long observed) {
        return new Control(Role.OBSERVER, name, required, observed);
    }

    /** Returns whether enough was observed, and not too much. */
    public boolean passed() {
        return observed >= required && (most.isEmpty() || observed <= most.getAsLong());
    }

    /** Returns what passes, in words: {@code 1}, {@code at most 5}, {@code exactly 3}, {@code 1 to 5}. */
    public String bound() {
        if (most.isEmpty()) {
            return Long.toString(required);
        }
        if (most.getAsLong() == required) {
            return "exactly " + required;
        }
        return required == 0 ? "at most " + most.getAsLong() : required + " to " + most.getAsLong();
    }
}
