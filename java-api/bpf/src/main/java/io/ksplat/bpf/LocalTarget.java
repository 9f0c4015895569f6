// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import io.ksplat.bpf.internal.LocalBackend;
import io.ksplat.bpf.internal.libbpf.RunningObject;
import java.io.IOException;

/**
 * The kernel that this process runs on, through libbpf. A program that harms it harms everyone on this machine, so loading is refused
 * unless the system property {@value #PROPERTY} is {@value #LOCAL}.
 *
 * <pre>{@code
 * // java -Dksplat.target=local ..., as root or with CAP_BPF and CAP_PERFMON
 * try (BpfObject bpf = BpfObject.open(file).load(LocalTarget.open())) {
 *     bpf.program("count").attach();
 * }
 * }</pre>
 */
public final class LocalTarget implements BpfTarget {
    /** The system property that allows loading into the running kernel. */
    public static final String PROPERTY = "ksplat.target";

    private static final String LOCAL = "local";

    private LocalTarget() {}

    /**
     * Opens the running kernel. Loads a program that does nothing, to check that this process may load BPF.
     *
     * @throws BpfException if the property is not set, or this process may not load BPF; the message is one line with the reason
     */
    public static LocalTarget open() throws IOException {
        if (!LOCAL.equals(System.getProperty(PROPERTY))) {
            throw new BpfException(
                    "load BPF into the running kernel: it is not allowed: set the system property " + PROPERTY + "="
                            + LOCAL + ", or load it into a machine",
                    1,
                    "");
        }
        try {
            RunningObject.probe();
        } catch (BpfException e) {
            throw new BpfException(
                    "load BPF into the running kernel: this process may not: run it as root, or with CAP_BPF and "
                            + "CAP_PERFMON",
                    e.errno(),
                    e.log());
        }
        return new LocalTarget();
    }

    @Override
    public BpfObject load(BpfObjectSpec spec) throws IOException {
        return new BpfObject(spec.file(), LocalBackend.load(spec.file(), spec.plan()));
    }
}
