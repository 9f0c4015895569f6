// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

/**
 * The kernel has not what an object needs: a kfunc, a helper, a function to attach to, a type of map. No program was refused.
 *
 * <pre>{@code
 * try (BpfObject bpf = BpfObject.open(file).load(target)) {
 *     bpf.program("on_nmi").attach();
 * } catch (KernelLacksException e) {
 *     System.out.println("skipped: this kernel has no " + e.lacks());
 * }
 * }</pre>
 */
public final class KernelLacksException extends BpfException {
    private static final long serialVersionUID = 1;

    private final String lacks;

    /**
     * Reports what is missing.
     *
     * @param lacks in words, for example "kfunc bpf_task_from_pid"
     * @param errno the positive error number; 0 if there is none
     * @param log what libbpf and the verifier printed; may be empty
     */
    public KernelLacksException(String lacks, int errno, String log) {
        super("this kernel has no " + lacks, log, errno);
        this.lacks = lacks;
    }

    /** Returns what is missing, for example "kfunc bpf_task_from_pid". */
    public String lacks() {
        return lacks;
    }
}
