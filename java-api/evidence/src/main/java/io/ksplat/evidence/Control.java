// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

/**
 * A positive check that an experiment could have failed: without it, no evidence proves nothing.
 *
 * @param role what a failure of it means
 * @param name what was counted, e.g. {@code dropped} or {@code freed:delayed_put_task_struct}
 * @param required the least count that passes
 * @param observed the count that was seen from outside the guest
 */
public record Control(Role role, String name, long required, long observed) {

    /** What a control checks, and so whom its failure may accuse. */
    public enum Role {
        /** The stimulus was delivered: NMIs, a storm. A failure is the harness's or a busy host's. */
        STIMULUS,
        /** The code under test did its work: dropped, freed, reached. Only a failure of this one accuses a kernel or a patch. */
        EFFECT,
        /** A bug could have been seen: lockdep and KASAN still on. A failure means that nobody was looking. */
        OBSERVER;

        /** Returns the role of a control by its well-known name, for reports that do not say it. */
        public static Role ofName(String control) {
            return switch (control) {
                case "nmi", "storm", "sysrq" -> STIMULUS;
                case "lockdep", "kasan", "quiet" -> OBSERVER;
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

    /** Returns whether the count was reached. */
    public boolean passed() {
        return observed >= required;
    }
}
