// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import java.io.IOException;

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
public interface BpfTarget {
    /**
     * Loads an object.
     *
     * @throws VerifierException if the kernel's verifier refuses a program
     * @throws BpfException for any other refusal
     */
    BpfObject load(BpfObjectSpec spec) throws IOException;
}
