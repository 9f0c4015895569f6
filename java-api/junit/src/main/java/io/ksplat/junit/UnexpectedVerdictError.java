// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.evidence.Evidence;
import io.ksplat.report.EvidenceText;
import io.ksplat.report.RunRecord;

/** The kernel did something else than was expected of it: a bug that was not expected, or an expected one that was not seen. */
public final class UnexpectedVerdictError extends AssertionError {
    private static final long serialVersionUID = 1;

    UnexpectedVerdictError(RunRecord run) {
        super(text(run));
    }

    private static String text(RunRecord run) {
        StringBuilder text = new StringBuilder();
        text.append(run.reproducer()).append(" on ").append(run.kernel().release());
        text.append(": expected ")
                .append(run.expected())
                .append(", but the verdict is ")
                .append(run.verdict());
        run.message().ifPresent(message -> text.append(": ").append(message));
        text.append('\n');
        for (Evidence found : run.evidence()) {
            text.append(EvidenceText.of(found));
        }
        return text.toString();
    }
}
