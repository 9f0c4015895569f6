// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import io.ksplat.bpf.internal.libbpf.Errno;
import io.ksplat.machine.internal.agent.proto.Failure;
import java.util.List;

/**
 * The agent could not do what it was asked; the message is one line, {@link #log()} the detail.
 *
 * <pre>{@code
 * try {
 *     machine.readFile("/sys/kernel/debug/kmemleak");
 * } catch (AgentException e) {
 *     System.out.println(e.getMessage());     // cannot open /sys/kernel/debug/kmemleak: ENOENT
 * }
 * }</pre>
 */
public final class AgentException extends MachineException {
    private static final long serialVersionUID = 1;

    private final String what;
    private final int errno;
    private final String log;
    private final boolean verifier;
    private final String libbpf;
    private final List<String> lacks;

    private AgentException(Failure failure) {
        super(failure.getWhat() + ": " + Errno.name(failure.getError()));
        this.what = failure.getWhat();
        this.errno = failure.getError();
        this.log = failure.getLog();
        this.verifier = failure.getVerifier();
        this.libbpf = failure.getLibbpf();
        this.lacks = List.copyOf(failure.getLacksList());
    }

    public static AgentException of(Failure failure) {
        return new AgentException(failure);
    }

    /** What was tried, in words; where {@link #verifier}, the program's name. */
    public String what() {
        return what;
    }

    /** The positive errno, 0 where none belongs to the failure. */
    public int errno() {
        return errno;
    }

    /** libbpf's or the verifier's log; empty if there is none. */
    public String log() {
        return log.isEmpty() ? libbpf : log;
    }

    /** What libbpf printed; empty if it was not asked for anything, or said nothing. */
    public String libbpf() {
        return libbpf;
    }

    /** What a probe of the kernel did not find, in words. */
    public List<String> lacks() {
        return lacks;
    }

    /** Whether the kernel's verifier refused a program. */
    public boolean verifier() {
        return verifier;
    }
}
