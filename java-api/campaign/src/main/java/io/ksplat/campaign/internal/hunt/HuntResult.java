// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.ksplat.results.internal.KnownReports;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * What a hunt has found, as {@code hunt.json} holds it.
 *
 * @param basis tells hunts apart whose answers must not be mixed
 * @param untried the operations that the time did not suffice for
 * @param uncovered what the kernel has and no operation tries
 * @param destructors which operations try which destructor
 */
@JsonInclude(JsonInclude.Include.NON_ABSENT)
public record HuntResult(
        String kernel,
        long seed,
        String basis,
        List<Tried> operations,
        List<String> untried,
        Coverage.Uncovered uncovered,
        List<Coverage.Destructor> destructors) {
    public HuntResult {
        destructors = List.copyOf(destructors);
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
        /** What the NMI does takes none of the locks that the task takes: it was not tried. */
        UNRELATED,
        /** Some point has no clear result, or a finding did not show again. */
        INCONCLUSIVE
    }

    /**
     * One operation.
     *
     * @param instructions the length of its path
     * @param points how many of them were measured; in mode reentry, at how many functions and events it was done again
     * @param succeeded at how many points the operation succeeded the second time
     * @param locks the names of the locks that were held at some point
     * @param message why, in one line, if the answer needs it
     * @param failed whether ksplat failed, and not the kernel
     */
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record Tried(
            String name,
            HuntMode mode,
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
        static Tried without(Operation operation, HuntMode mode, Answer answer, Optional<String> why, boolean failed) {
            return new Tried(operation.name(), mode, answer, 0, 0, 0, List.of(), List.of(), why, failed);
        }

        /**
         * Returns the same, but that it is not called SAFE: the operation failed in the task, and may have taken no lock.
         *
         * @param error the task's, positive
         */
        Tried afterFailedTask(long error) {
            return answer == Answer.SAFE
                    ? new Tried(
                            name,
                            mode,
                            Answer.INCONCLUSIVE,
                            instructions,
                            points,
                            succeeded,
                            locks,
                            findings,
                            Optional.of("it failed in the task, with error " + error),
                            failed)
                    : this;
        }

        private Tried knowing(Function<Finding, Finding> knowledge) {
            return new Tried(
                    name,
                    mode,
                    answer,
                    instructions,
                    points,
                    succeeded,
                    locks,
                    findings.stream().map(knowledge).toList(),
                    message,
                    failed);
        }
    }

    /**
     * A window in which an NMI that does the operation is deadly, or a function or an event at which a program is that does.
     *
     * @param signature what makes two findings the same bug; empty if the reproducer did not show it
     * @param from the first instruction of the window, as {@code function+offset}
     * @param to the last one
     * @param points how many points of the window were measured
     * @param confirmed whether the written reproducer showed it on a fresh machine
     * @param known whether somebody knows it already
     * @param reason why it is known
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
            boolean known,
            Optional<String> reason,
            String reproducer) {
        private Finding knowing(KnownReports reports, String release) {
            Optional<String> why = signature.isEmpty() ? Optional.empty() : reports.reason(signature, release);
            return new Finding(signature, lock, from, to, points, confirmed, why.isPresent(), why, reproducer);
        }
    }

    /**
     * Findings of the same lock and signature: one bug, however many operations show it.
     *
     * @param operations that show it
     */
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record Group(
            String lock, String signature, boolean known, Optional<String> reason, List<String> operations) {
        public Group {
            operations = List.copyOf(operations);
        }
    }

    /** Returns the findings by lock and signature: those that are new first. */
    @JsonProperty(access = JsonProperty.Access.READ_ONLY)
    public List<Group> groups() {
        Map<List<String>, Group> groups = new LinkedHashMap<>();
        for (Tried tried : operations) {
            for (Finding found : tried.findings()) {
                groups.merge(
                        List.of(found.lock(), found.signature()),
                        new Group(
                                found.lock(), found.signature(), found.known(), found.reason(), List.of(tried.name())),
                        HuntResult::joined);
            }
        }
        List<Group> sorted = new ArrayList<>(groups.values());
        sorted.sort((one, other) -> Boolean.compare(one.known(), other.known()));
        return List.copyOf(sorted);
    }

    private static Group joined(Group one, Group other) {
        List<String> names = new ArrayList<>(one.operations());
        names.addAll(other.operations());
        return new Group(one.lock(), one.signature(), one.known(), one.reason(), names);
    }

    /**
     * Returns the same, with what is known today.
     *
     * @param release the kernel's
     */
    HuntResult knowing(KnownReports reports, String release) {
        return new HuntResult(
                kernel,
                seed,
                basis,
                operations.stream()
                        .map(tried -> tried.knowing(finding -> finding.knowing(reports, release)))
                        .toList(),
                untried,
                uncovered,
                destructors);
    }

    /** Returns whether ksplat failed somewhere. */
    public boolean hasFailed() {
        return operations.stream().anyMatch(Tried::failed);
    }

    /** Returns whether there is a finding that nobody knew. */
    public boolean hasNews() {
        return operations.stream().flatMap(tried -> tried.findings().stream()).anyMatch(finding -> !finding.known());
    }
}
