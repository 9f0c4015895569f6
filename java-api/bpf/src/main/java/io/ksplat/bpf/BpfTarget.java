// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import java.io.IOException;

/**
 * Loads BPF objects: into a machine, through its agent, or into the running kernel. A loaded object behaves the same in both.
 *
 * <pre>{@code
 * BpfTarget target = LocalTarget.open();  // or a machine
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
