// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.campaign;

import java.util.List;
import java.util.Optional;

/**
 * What a hunt on one kernel has found.
 *
 * @param kernel the kernel's spec
 * @param untried the operations that the time did not suffice for
 */
public record HuntRecord(String kernel, long seed, List<Operation> operations, List<String> untried)
        implements CampaignRecord {
    private static final String LOCK = "-lock-";
    /** Stands in a name between what the task does and what the NMI does. */
    public static final String AGAINST = "+";
    /** The mode in which an operation is interrupted. */
    public static final String NMI = "nmi";

    public HuntRecord {
        operations = List.copyOf(operations);
        untried = List.copyOf(untried);
    }

    /**
     * Returns the id of the reproducer that is written for an operation: {@code hunt-map-update-lru-hash}, {@code
     * hunt-reentry-map-push-queue}; {@code hunt-map-update-hash-nmi-map-delete-hash}, if the NMI does something else.
     *
     * @param mode {@code nmi} or {@code reentry}
     */
    public static String reproducer(String operation, String mode) {
        return "hunt-" + (mode.equals(NMI) ? "" : mode + "-")
                + operation.replace('/', '-').replace(AGAINST, "-nmi-");
    }

    /**
     * Returns the id of the reproducer for one of several locks that an operation comes to: {@code hunt-map-update-lru-hash-lock-2}.
     *
     * @param lock counts from 1
     */
    public static String reproducer(String operation, String mode, int lock) {
        return reproducer(operation, mode) + LOCK + lock;
    }

    /** Returns whether a reproducer was written for an operation. */
    public static boolean isOf(Operation operation, String reproducer) {
        String own = reproducer(operation.name(), operation.mode());
        return reproducer.equals(own) || reproducer.startsWith(own + LOCK);
    }

    /**
     * An operation, and the answer about it.
     *
     * @param name {@code family/variant}; {@code family/variant+family/variant}, if the NMI does something else
     * @param mode {@code nmi} or {@code reentry}
     * @param answer {@code SAFE}, {@code DEADLOCK} and so on
     * @param instructions the length of its path
     * @param points how many of them were measured
     * @param succeeded at how many points the operation succeeded in the NMI
     * @param locks the names of the locks that were held at some point
     */
    public record Operation(
            String name,
            String mode,
            String answer,
            int instructions,
            int points,
            int succeeded,
            List<String> locks,
            List<Finding> findings,
            Optional<String> message) {
        public Operation {
            locks = List.copyOf(locks);
            findings = List.copyOf(findings);
        }
    }

    /**
     * A window in which the operation is deadly.
     *
     * @param signature empty if the reproducer did not show it
     * @param from the first instruction, as {@code function+offset}
     * @param confirmed whether the written reproducer showed it on a fresh machine
     * @param known whether somebody knows it already
     * @param reason why it is known
     * @param reproducer its Java file, below the report
     */
    public record Finding(
            String signature,
            String lock,
            String from,
            String to,
            int points,
            boolean confirmed,
            boolean known,
            Optional<String> reason,
            String reproducer) {}
}
