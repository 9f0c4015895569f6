// SPDX-License-Identifier: Apache-2.0
package io.ksplat.guest;

import io.ksplat.guest.proto.Failure;
import io.ksplat.vm.MachineException;

/** The agent could not do what it was asked; the message is one line, {@link #log()} the detail. */
public class AgentException extends MachineException {
    private static final long serialVersionUID = 1;

    private final int errno;
    private final String log;

    AgentException(Failure failure) {
        this(failure, failure.getWhat() + ": " + errnoName(failure.getError()));
    }

    private AgentException(Failure failure, String message) {
        super(message);
        this.errno = failure.getError();
        this.log = failure.getLog();
    }

    static AgentException of(Failure failure) {
        return failure.getVerifier() ? new Verifier(failure) : new AgentException(failure);
    }

    /** The positive errno, 0 where none belongs to the failure. */
    public int errno() {
        return errno;
    }

    /** libbpf's or the verifier's log; empty where there is none. */
    public String log() {
        return log;
    }

    /** The kernel's verifier refused a program: no fault of ksplat's, and a verdict of its own. */
    public static final class Verifier extends AgentException {
        private static final long serialVersionUID = 1;

        private final String program;

        Verifier(Failure failure) {
            super(failure, "the verifier refused " + failure.getWhat() + ": " + reason(failure.getLog()));
            this.program = failure.getWhat();
        }

        public String program() {
            return program;
        }

        /** The last line of the log that says why, not the statistics that may follow it. */
        static String reason(String log) {
            String reason = "no log";
            for (String line : log.lines().toList()) {
                if (!line.isBlank()
                        && !line.startsWith("processed ")
                        && !line.startsWith("-- ")
                        && !line.startsWith("verification time ")
                        && !line.startsWith("stack depth ")) {
                    reason = line.strip();
                }
            }
            return reason;
        }
    }

    private static String errnoName(int errno) {
        return switch (errno) {
            case 0 -> "failed";
            case 1 -> "EPERM";
            case 2 -> "ENOENT";
            case 3 -> "ESRCH";
            case 4 -> "EINTR";
            case 5 -> "EIO";
            case 7 -> "E2BIG";
            case 9 -> "EBADF";
            case 11 -> "EAGAIN";
            case 12 -> "ENOMEM";
            case 13 -> "EACCES";
            case 14 -> "EFAULT";
            case 16 -> "EBUSY";
            case 17 -> "EEXIST";
            case 22 -> "EINVAL";
            case 24 -> "EMFILE";
            case 28 -> "ENOSPC";
            case 35 -> "EDEADLK";
            case 95 -> "EOPNOTSUPP";
            case 110 -> "ETIMEDOUT";
            case 524 -> "ENOTSUPP";
            default -> "errno " + errno;
        };
    }
}
