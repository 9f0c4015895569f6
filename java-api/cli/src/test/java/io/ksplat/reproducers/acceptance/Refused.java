// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.acceptance;

import io.ksplat.engine.Machine;
import io.ksplat.evidence.Verdict;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Reproducer;
import org.junit.jupiter.api.Test;

@Reproducer(
        id = "acceptance-refused",
        bpf = "refused.bpf.c",
        shows = "a program that the verifier refuses",
        seed = "none")
@Expect(verdict = Verdict.CLEAN)
class Refused {
    @Test
    void neverRuns(Machine machine) {
        throw new AssertionError("ran on " + machine.release());
    }
}
