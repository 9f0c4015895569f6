// SPDX-License-Identifier: Apache-2.0
package io.ksplat.guest;

/**
 * Where BPF objects are loaded: a machine, through its agent, or the running kernel. What is loaded behaves the same in both.
 *
 * <pre>{@code
 * BpfTarget target = guest;               // or LocalTarget.open()
 * try (BpfObject bpf = BpfObject.open(file).set("target_pid", 7).load(target)) {
 *     bpf.program("stash_task").run();
 * }
 * }</pre>
 */
public sealed interface BpfTarget permits Guest, LocalTarget {}
