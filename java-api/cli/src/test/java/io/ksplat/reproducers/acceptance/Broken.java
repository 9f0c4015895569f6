// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.acceptance;

import io.ksplat.engine.Machine;
import io.ksplat.evidence.Verdict;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Reproducer;
import org.junit.jupiter.api.Test;

@Reproducer(id = "acceptance-broken", bpf = "broken.bpf.c", shows = "a program that does not compile", seed = "none")
@Expect(verdict = Verdict.CLEAN)
class Broken {
    @Test
    void neverRuns(Machine machine) {
        throw new AssertionError("ran on " + machine.release());
    }
}
