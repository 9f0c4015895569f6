// SPDX-License-Identifier: Apache-2.0
package org.example;

import io.ksplat.engine.Machine;
import io.ksplat.evidence.Verdict;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Reproducer;
import org.junit.jupiter.api.Test;

/** A reproducer whose expected verdict is that the verifier rejects the program. */
@Reproducer(
        id = "unbounded-access",
        bpf = "unbounded.bpf.c",
        shows = "an array that is read at an unbounded index",
        seed = "none: it is an example")
@Expect(verdict = Verdict.REJECTED, because = "the verifier finds no bound of the index")
class UnboundedAccessTest {
    @Test
    void isRefused(Machine machine) {
        throw new AssertionError("there was a machine though the program was refused: " + machine);
    }
}
