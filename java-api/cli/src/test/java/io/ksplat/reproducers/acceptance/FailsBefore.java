// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.acceptance;

import io.ksplat.engine.Machine;
import io.ksplat.evidence.Verdict;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Reproducer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@Reproducer(id = "acceptance-fails-before", bpf = "counter.bpf.c", shows = "a preparation that throws", seed = "none")
@Expect(verdict = Verdict.CLEAN)
class FailsBefore {
    @BeforeEach
    void fail(Machine machine) {
        throw new IllegalStateException("no " + machine.release());
    }

    @Test
    void neverRuns(Machine machine) {
        throw new AssertionError("ran on " + machine.release());
    }
}
