// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import io.ksplat.bpf.internal.libbpf.Errno;
import java.io.IOException;

/**
 * The kernel, or libbpf on the way to it, refused what a BPF object was asked for. The message is one line, {@link #log()} the detail.
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
     * A refusal with its error number.
     *
     * @param what what was tried: "look up in map slots"
     * @param errno positive, 0 where none belongs to it
     * @param log what libbpf said; may be empty
     */
    public BpfException(String what, int errno, String log) {
        this(what + ": " + Errno.name(errno), log, errno);
    }

    BpfException(String message, String log, int errno) {
        super(message);
        this.errno = errno;
        this.log = log;
    }

    /** The positive errno, 0 where none belongs to the failure. */
    public int errno() {
        return errno;
    }

    /** libbpf's or the verifier's log, whole; empty where there is none. */
    public String log() {
        return log;
    }
}
