// SPDX-License-Identifier: Apache-2.0
package io.ksplat.verify.internal;

import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Starts no test class after the time that the system property {@code ksplat.verify.until} gives, in seconds since 1970; does nothing without it. What runs
 * then goes on to its end.
 */
public final class TimeLimit implements ExecutionCondition {
    static final String UNTIL = "ksplat.verify.until";
    static final String REASON = "no time was left";

    private final Optional<Instant> until;

    /** Called by JUnit. */
    public TimeLimit() {
        this(Optional.ofNullable(System.getProperty(UNTIL))
                .filter(time -> !time.isEmpty())
                .map(Long::parseLong)
                .map(Instant::ofEpochSecond));
    }

    TimeLimit(Optional<Instant> until) {
        this.until = until;
    }

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        boolean late = until.filter(Instant.now()::isAfter).isPresent();
        return late && context.getTestMethod().isEmpty()
                ? ConditionEvaluationResult.disabled(REASON)
                : ConditionEvaluationResult.enabled("");
    }
}
