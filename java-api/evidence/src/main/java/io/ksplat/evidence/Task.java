// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

/**
 * A task of the kernel.
 *
 * @param comm the name, at most 15 bytes (TASK_COMM_LEN)
 */
public record Task(String comm, int pid) {}
