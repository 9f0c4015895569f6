// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import java.util.Optional;
import java.util.OptionalInt;

/** How a process that a test starts is to end, and what is wrong if it does not. */
public sealed interface ExpectedEnd {
    /** It exits with this status. */
    record Exit(int status) implements ExpectedEnd {}

    /** It runs until ksplat ends it, unless it exits with status 0 before. */
    record ExitOrUntilTheEnd() implements ExpectedEnd {}

    /** It runs until ksplat ends it. */
    record UntilTheEnd() implements ExpectedEnd {}

    /** Whatever becomes of it is right. */
    record Any() implements ExpectedEnd {}

    /**
     * Returns what is wrong; empty if all is well.
     *
     * @param status how it ended, as waitpid(2) gives it; empty if it did not
     * @param killed whether ksplat killed it, or tried to
     */
    default Optional<String> failure(OptionalInt status, boolean killed) {
        if (this instanceof Any) {
            return Optional.empty();
        }
        if (status.isEmpty()) {
            return killed
                    ? Optional.of("it was killed and did not end")
                    : this instanceof Exit ? Optional.of("it still runs") : Optional.empty();
        }
        WaitStatus ended = new WaitStatus(status.getAsInt());
        if (killed && ended.isKill()) {
            return Optional.empty();
        }
        int wanted = this instanceof Exit exit ? exit.status : 0;
        if (!(this instanceof UntilTheEnd) && ended.exited() && ended.exitStatus() == wanted) {
            return Optional.empty();
        }
        return Optional.of(this instanceof UntilTheEnd ? ended + " before the end" : ended.toString());
    }
}
