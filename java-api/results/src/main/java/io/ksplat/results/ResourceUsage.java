// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

/**
 * What a process and the children that it has waited for took, by the kernel's account: see getrusage(2).
 *
 * <pre>{@code
 * ResourceUsage usage = new ResourceUsage(120, 30, 2048, 90, 0, 4, 1);
 * long cpuMs = usage.userMs() + usage.systemMs();
 * }</pre>
 *
 * @param userMs CPU time of its own code, in milliseconds
 * @param systemMs CPU time of the kernel for it, in milliseconds
 * @param maxRssKib the most memory that one of them had at a time, in KiB
 * @param minorFaults page faults without input or output
 * @param majorFaults page faults with it
 * @param voluntarySwitches how often one of them waited for something
 * @param involuntarySwitches how often one of them had to leave its CPU
 */
public record ResourceUsage(
        long userMs,
        long systemMs,
        long maxRssKib,
        long minorFaults,
        long majorFaults,
        long voluntarySwitches,
        long involuntarySwitches) {}
