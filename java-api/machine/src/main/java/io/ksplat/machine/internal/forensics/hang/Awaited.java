// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.hang;

/**
 * What a CPU waits for, as a stopped machine's memory shows.
 *
 * @param address of the memory that it polls; 0 if it waits for another CPU
 * @param state what stays the same there as long as nothing lets the CPU go on: the owner, or the memory's value
 */
public record Awaited(How how, long address, long state) {
    /** How a CPU waits. */
    public enum How {
        /** It polls a lock that is held, or its own place in the lock's queue. */
        LOCK,
        /** It repeats a few instructions, none of which changes a register: it polls memory of which nothing else is known. */
        MEMORY,
        /** It waits for another CPU's answer. */
        CPU
    }
}
