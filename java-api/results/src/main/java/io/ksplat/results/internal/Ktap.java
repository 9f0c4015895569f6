// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.results.RunRecord;
import java.util.List;

/** A report as the kernel's own test harnesses print it (Documentation/dev-tools/ktap.rst): ok is what is as expected. */
public final class Ktap {
    private Ktap() {}

    /** Returns the document. */
    public static String of(List<RunRecord> runs) {
        StringBuilder text = new StringBuilder("KTAP version 1\n1.." + runs.size() + "\n");
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
            TestStatus status = TestStatus.of(run);
            boolean good = status == TestStatus.PASSED || status == TestStatus.SKIPPED;
            text.append(good ? "ok " : "not ok ")
                    .append(number)
                    .append(' ')
                    .append(line(run.reproducer() + " on " + run.kernel().shortName() + " attempt " + run.attempt()))
                    .append(status == TestStatus.SKIPPED ? " # SKIP " : " # ")
                    .append(line(TestStatus.summary(run)))
                    .append('\n');
        }
        return text.toString();
    }

    /** A line break or a number sign would begin something else. */
    private static String line(String raw) {
        return raw.replaceAll("\\p{Cntrl}+", " ").replace('#', '.');
    }
}
