// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

import io.ksplat.evidence.Control.Role;
import java.util.Set;

/** The roles of controls in files that tell only their names. */
final class Roles {
    private static final Set<String> STIMULI = Set.of("nmi", "storm", "sysrq");
    private static final Set<String> OBSERVERS = Set.of("lockdep", "kasan", "quiet");

    private Roles() {}

    static Role of(String name) {
        if (STIMULI.contains(name) || name.startsWith("exit:")) {
            return Role.STIMULUS;
        }
        return OBSERVERS.contains(name) ? Role.OBSERVER : Role.EFFECT;
    }
}
