// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.util.Locale;

/**
 * What a run is to those who know only tests: a failure is the kernel's, an error ksplat's own, skipped what the kernel lacks, and what is judged together
 * with other runs: there the trial is the test.
 */
enum TestStatus {
    PASSED,
    FAILURE,
    ERROR,
    SKIPPED;

    static TestStatus of(RunRecord run) {
        if (run.isError()) {
            return ERROR;
        }
        if (Judged.together(run).isPresent()) {
            return SKIPPED;
        }
        if (!run.asExpected()) {
            return FAILURE;
        }
        return run.verdict() == Verdict.UNSUPPORTED ? SKIPPED : PASSED;
    }

    /** JUnit XML's element for it. */
    String element() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns the verdict, what it was held against, and why, in one line. */
    static String summary(RunRecord run) {
        String against = Judged.together(run)
                .map(command -> "judged together by " + command)
                .orElseGet(() -> "expected " + run.expected());
        return run.verdict() + ", " + against + ": " + why(run);
    }

    /** Returns what differs, why the verdict is what it is, or else what was found. */
    static String why(RunRecord run) {
        return run.mismatch()
                .or(run::message)
                .or(() -> run.evidence().stream().map(Evidence::title).findFirst())
                .orElse("no evidence");
    }
}
