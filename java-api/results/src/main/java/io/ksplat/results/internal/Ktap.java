// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.campaign.PatchRecord;
import java.util.List;
import java.util.Optional;

/** A report as the kernel's own test harnesses print it (Documentation/dev-tools/ktap.rst): ok is what is as expected. */
public final class Ktap {
    private Ktap() {}

    /**
     * Returns the document.
     *
     * @param trial the patch trial that the runs are of: its tests come behind them
     */
    public static String of(List<RunRecord> runs, Optional<PatchRecord> trial) {
        List<TrialTest> tests = trial.map(TrialTest::of).orElse(List.of());
        StringBuilder text = new StringBuilder("KTAP version 1\n1.." + (runs.size() + tests.size()) + "\n");
        int number = 0;
        for (RunRecord run : runs) {
            number++;
            run.message().ifPresent(why -> text.append("# ").append(line(why)).append('\n'));
            for (Evidence found : run.evidence()) {
                text.append("# ")
                        .append(found.kind().id())
                        .append(": ")
                        .append(line(found.title()))
                        .append('\n');
            }
            String name = run.reproducer() + " on " + run.kernel().shortName() + " attempt " + run.attempt();
            text.append(result(TestStatus.of(run), number, name, TestStatus.summary(run)));
        }
        for (TrialTest test : tests) {
            number++;
            text.append(result(test.status(), number, "patch " + test.name(), test.why()));
        }
        return text.toString();
    }

    private static String result(TestStatus status, int number, String name, String why) {
        boolean good = status == TestStatus.PASSED || status == TestStatus.SKIPPED;
        return (good ? "ok " : "not ok ") + number + " " + line(name)
                + (status == TestStatus.SKIPPED ? " # SKIP " : " # ") + line(why) + "\n";
    }

    /** A line break or a number sign would begin something else. */
    private static String line(String raw) {
        return raw.replaceAll("\\p{Cntrl}+", " ").replace('#', '.');
    }
}
