// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.history;

import io.ksplat.evidence.Verdict;
import java.time.Instant;
import java.util.Optional;

/**
 * A run as the history has it.
 *
 * @param release of its kernel; its spec if the release was not known
 * @param begun empty if the report did not say when
 * @param report tells the reports apart that runs were added from
 */
public record PastRun(
        String id,
        String reproducer,
        String kernelKey,
        String release,
        String target,
        int attempt,
        Verdict verdict,
        boolean asExpected,
        Optional<Instant> begun,
        long totalMs,
        String report) {}
