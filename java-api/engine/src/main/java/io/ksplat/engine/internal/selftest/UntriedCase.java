// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import io.ksplat.bpf.VerifierException;
import io.ksplat.engine.Expectation;
import io.ksplat.engine.KernelNeeds;
import io.ksplat.engine.Machine;
import io.ksplat.engine.internal.TrialScenario;
import io.ksplat.evidence.Verdict;
import java.util.Optional;

/**
 * What cannot be run, and must not be passed over: a file that does not compile, an annotation that is not known.
 *
 * @param lacks whether it is the kernel that lacks something
 */
record UntriedCase(String id, SelftestException why, boolean lacks) implements TrialScenario {
    @Override
    public KernelNeeds needs() {
        return KernelNeeds.NONE;
    }

    @Override
    public Expectation expectedOn(String version) {
        return new Expectation(Verdict.CLEAN, Optional.empty(), false, Optional.empty());
    }

    @Override
    public Optional<String> disabledOn(String version) {
        return Optional.of(String.valueOf(why.getMessage())).filter(reason -> lacks);
    }

    @Override
    public Optional<String> mismatch(VerifierException refusal) {
        return Optional.empty();
    }

    @Override
    public void run(Machine machine) throws SelftestException {
        throw why;
    }
}
