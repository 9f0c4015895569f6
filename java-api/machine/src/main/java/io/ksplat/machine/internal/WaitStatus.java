// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import java.util.Map;

/** How a process ended, as waitpid(2) gives it. */
public record WaitStatus(int word) {
    /** asm-generic/signal.h; others are named by their numbers. */
    private static final Map<Integer, String> SIGNALS = Map.ofEntries(
            Map.entry(1, "SIGHUP"),
            Map.entry(2, "SIGINT"),
            Map.entry(3, "SIGQUIT"),
            Map.entry(4, "SIGILL"),
            Map.entry(5, "SIGTRAP"),
            Map.entry(6, "SIGABRT"),
            Map.entry(7, "SIGBUS"),
            Map.entry(8, "SIGFPE"),
            Map.entry(9, "SIGKILL"),
            Map.entry(10, "SIGUSR1"),
            Map.entry(11, "SIGSEGV"),
            Map.entry(12, "SIGUSR2"),
            Map.entry(13, "SIGPIPE"),
            Map.entry(14, "SIGALRM"),
            Map.entry(15, "SIGTERM"),
            Map.entry(24, "SIGXCPU"),
            Map.entry(25, "SIGXFSZ"),
            Map.entry(31, "SIGSYS"));

    private static final int SIGNAL = 0x7f;
    private static final int SIGKILL = 9;

    /** Returns whether it exited by itself. */
    public boolean exited() {
        return (word & SIGNAL) == 0;
    }

    /** Returns the status that it exited with. */
    public int exitStatus() {
        return word >> 8 & 0xff;
    }

    /** Returns the number of the signal that ended it. */
    public int signal() {
        return word & SIGNAL;
    }

    /** Returns what a shell calls it: the exit status, or 128 and the signal. */
    int code() {
        return exited() ? exitStatus() : 128 + (word & SIGNAL);
    }

    boolean isKill() {
        return (word & SIGNAL) == SIGKILL;
    }

    @Override
    public String toString() {
        int signal = word & SIGNAL;
        return exited()
                ? "it exited with status " + exitStatus()
                : "it was killed by " + SIGNALS.getOrDefault(signal, "signal " + signal);
    }
}
