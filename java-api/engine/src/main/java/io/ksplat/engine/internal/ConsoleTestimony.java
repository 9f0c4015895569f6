// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.internal.LockdepState;
import io.ksplat.machine.GuestKernel;
import io.ksplat.machine.internal.SelfCheck;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Compares what a console says of lockdep with what the kernel's memory says of it. */
final class ConsoleTestimony {
    private static final Logger LOG = LoggerFactory.getLogger(ConsoleTestimony.class);

    /** Different ones that are told of: user space may print as many as it likes. */
    private static final int MOST = 16;

    private final boolean hasLockdep;
    private final Optional<SelfCheck> lockdep;
    private final Set<String> refuted = new LinkedHashSet<>();

    ConsoleTestimony(boolean hasLockdep, Optional<SelfCheck> lockdep) {
        this.hasLockdep = hasLockdep;
        this.lockdep = lockdep;
    }

    /** @param checks those that the kernel makes of itself */
    static ConsoleTestimony of(GuestKernel kernel, List<SelfCheck> checks) {
        return new ConsoleTestimony(
                kernel.lockdepOn().isPresent(),
                checks.stream().filter(SelfCheck::isLockdep).findFirst());
    }

    /** Returns the evidence that the kernel's memory does not refute. */
    synchronized List<Evidence> credible(List<Evidence> all) {
        if (all.stream().noneMatch(LockdepState::canRefute)) {
            return all;
        }
        LockdepState state = state();
        List<Evidence> credible = new ArrayList<>();
        for (Evidence evidence : all) {
            Optional<String> objection = state.objection(evidence);
            if (objection.isEmpty()) {
                credible.add(evidence);
            } else if (refuted.size() < MOST) {
                refuted.add("printed on the console, but not by lockdep, which makes it no evidence: "
                        + evidence.title() + " (" + objection.get() + ")");
            }
        }
        return credible;
    }

    private LockdepState state() {
        if (!hasLockdep) {
            return LockdepState.ABSENT;
        }
        if (lockdep.isEmpty()) {
            return LockdepState.UNKNOWN;
        }
        try {
            return lockdep.get().isOn() ? LockdepState.ON : LockdepState.OFF;
        } catch (IOException e) {
            LOG.debug("whether lockdep is on cannot be read", e);
            return LockdepState.UNKNOWN;
        }
    }

    /** Returns what was refuted, for people. */
    synchronized List<String> refuted() {
        return List.copyOf(refuted);
    }
}
