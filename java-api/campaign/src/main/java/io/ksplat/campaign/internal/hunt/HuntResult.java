// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.ksplat.results.internal.KnownReports;
import java.util.List;
import java.util.Optional;

/**
 * What a hunt has found, as {@code hunt.json} holds it.
 *
 * @param basis tells hunts apart whose answers must not be mixed
 * @param untried the operations that the time did not suffice for
 */
@JsonInclude(JsonInclude.Include.NON_ABSENT)
public record HuntResult(String kernel, long seed, String basis, List<Tried> operations, List<String> untried) {
    public HuntResult {
        operations = List.copyOf(operations);
        untried = List.copyOf(untried);
    }

    /** An answer about one operation. */
    public enum Answer {
        /** No deadlock at these points; the program ran in the NMI at each, and the operation succeeded there. */
        SAFE,
        DEADLOCK,
        CRASH,
        /** The operation only ever failed in the NMI: it was not tried. */
        REFUSED,
        /** The verifier does not allow it. */
        REJECTED,
        /** The kernel lacks something that it needs. */
        UNSUPPORTED,
        /** Some point has no clear result, or a finding did not show again. */
        INCONCLUSIVE
    }

    /**
     * One operation.
     *
     * @param instructions the length of its path
     * @param points how many of them were measured
     * @param succeeded at how many points the operation succeeded in the NMI
     * @param locks the names of the locks that were held at some point
     * @param message why, in one line, if the answer needs it
     * @param failed whether ksplat failed, and not the kernel
     */
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record Tried(
            String name,
            String mode,
            Answer answer,
            int instructions,
            int points,
            int succeeded,
            List<String> locks,
            List<Finding> findings,
            Optional<String> message,
            boolean failed) {
        public Tried {
            locks = List.copyOf(locks);
            findings = List.copyOf(findings);
        }

        /** Makes the answer of an operation of which no point was measured. */
        static Tried without(Operation operation, Answer answer, Optional<String> why, boolean failed) {
            return new Tried(operation.name(), "nmi", answer, 0, 0, 0, List.of(), List.of(), why, failed);
        }

        private Tried knowing(KnownReports reports) {
            return new Tried(
                    name,
                    mode,
                    answer,
                    instructions,
                    points,
                    succeeded,
                    locks,
                    findings.stream().map(finding -> finding.knowing(reports)).toList(),
                    message,
                    failed);
        }
    }

    /**
     * A window in which an NMI that does the operation is deadly.
     *
     * @param signature what makes two findings the same bug; empty if the reproducer did not show it
     * @param from the first instruction of the window, as {@code function+offset}
     * @param to the last one
     * @param points how many points of the window were measured
     * @param confirmed whether the written reproducer showed it on a fresh machine
     * @param known why it is known already
     * @param reproducer its Java file, below the report
     */
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record Finding(
            String signature,
            String lock,
            String from,
            String to,
            int points,
            boolean confirmed,
            Optional<String> known,
            String reproducer) {
        private Finding knowing(KnownReports reports) {
            return new Finding(signature, lock, from, to, points, confirmed, reports.reason(signature), reproducer);
        }
    }

    /** Returns the same, with what is known today. */
    HuntResult knowing(KnownReports reports) {
        return new HuntResult(
                kernel,
                seed,
                basis,
                operations.stream().map(tried -> tried.knowing(reports)).toList(),
                untried);
    }

    /** Returns whether ksplat failed somewhere. */
    public boolean hasFailed() {
        return operations.stream().anyMatch(Tried::failed);
    }

    /** Returns whether there is a finding that nobody knew. */
    public boolean hasNews() {
        return operations.stream()
                .flatMap(tried -> tried.findings().stream())
                .anyMatch(finding -> finding.known().isEmpty());
    }
}
