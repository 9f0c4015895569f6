// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.machine.internal.agent.proto.Usage;

/** What a process and the children that it has waited for took: see getrusage(2). CPU times are in microseconds. */
public record ProcessUsage(
        long userUs,
        long systemUs,
        long maxRssKib,
        long minorFaults,
        long majorFaults,
        long voluntarySwitches,
        long involuntarySwitches) {
    static ProcessUsage of(Usage told) {
        return new ProcessUsage(
                told.getUserUs(),
                told.getSystemUs(),
                told.getMaxRssKib(),
                told.getMinorFaults(),
                told.getMajorFaults(),
                told.getVoluntarySwitches(),
                told.getInvoluntarySwitches());
    }
}
