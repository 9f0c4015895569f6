// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

/**
 * Whether NMIs that a reproducer asks for are sent.
 *
 * <pre>{@code
 * RunSettings without = RunSettings.of("debian:7.2").sending("none");
 * boolean sent = without.nmi() != NmiMode.NONE;
 * }</pre>
 */
public enum NmiMode {
    /** As the reproducer says. */
    AS_WRITTEN,
    /** None: a reproducer that then still says CLEAN has a control that does not control. */
    NONE
}
