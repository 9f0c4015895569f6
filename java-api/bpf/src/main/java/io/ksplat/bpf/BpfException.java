// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import io.ksplat.bpf.internal.libbpf.Errno;
import java.io.IOException;

/**
 * The kernel or libbpf refused an operation on a BPF object. The message is one line; {@link #log()} has the details.
 *
 * <pre>{@code
 * try {
 *     bpf.program("on_nmi").attach();
 * } catch (BpfException e) {
 *     System.out.println(e.getMessage() + "\n" + e.log());
 * }
 * }</pre>
 */
public class BpfException extends IOException {
    private static final long serialVersionUID = 1;

    private final int errno;
    private final String log;

    /**
     * Reports a refusal with its error number.
     *
     * @param what the operation, for example "look up in map slots"
     * @param errno the positive error number; 0 if there is none
     * @param log what libbpf printed; may be empty
     */
    public BpfException(String what, int errno, String log) {
        this(what + ": " + Errno.name(errno), log, errno);
    }

    BpfException(String message, String log, int errno) {
        super(message);
        this.errno = errno;
        this.log = log;
    }

    /** Returns the positive error number; 0 if there is none. */
    public int errno() {
        return errno;
    }

    /** Returns the whole log of libbpf or the verifier; empty if there is none. */
    public String log() {
        return log;
    }
}
