// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.results.internal.campaign.PatchRecord;
import io.ksplat.results.internal.campaign.PatchRecord.Comparison;
import java.util.List;
import java.util.stream.Stream;

/**
 * A patch trial to those who know only tests: one for each reproducer, and one for the series. What speaks against the series is a failure; a reproducer
 * that says nothing of it is skipped. A series that nothing speaks for or against is an error, not a pass.
 *
 * @param why the verdict, and the reason for it
 */
record TrialTest(String name, TestStatus status, String why) {
    static List<TrialTest> of(PatchRecord trial) {
        TestStatus series = trial.reproducers().stream().anyMatch(Comparison::accuses)
                ? TestStatus.FAILURE
                : trial.isGood() ? TestStatus.PASSED : TestStatus.ERROR;
        return Stream.concat(
                        trial.reproducers().stream().map(TrialTest::of),
                        Stream.of(new TrialTest("the series", series, trial.verdict() + ": " + trial.why())))
                .toList();
    }

    private static TrialTest of(Comparison each) {
        TestStatus status =
                each.accuses() ? TestStatus.FAILURE : each.isGood() ? TestStatus.PASSED : TestStatus.SKIPPED;
        return new TrialTest(
                each.reproducer(),
                status,
                each.verdict().map(verdict -> verdict + ": ").orElse("") + each.why());
    }
}
