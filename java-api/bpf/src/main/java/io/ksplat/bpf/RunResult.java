// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

/** What a run of a program with BPF_PROG_TEST_RUN gave. */
public final class RunResult {
    private final int returned;
    private final long nanos;
    private final byte[] context;
    private final byte[] packet;

    /**
     * A result.
     *
     * @param nanos of one run, on average
     * @param context what the program left there; empty where none was given
     * @param packet as {@code context}
     */
    public RunResult(int returned, long nanos, byte[] context, byte[] packet) {
        this.returned = returned;
        this.nanos = nanos;
        this.context = context.clone();
        this.packet = packet.clone();
    }

    /** What the program returned. */
    public int returned() {
        return returned;
    }

    /** Of one run, on average, as the kernel measured it; some program types give 0. */
    public long nanos() {
        return nanos;
    }

    /** The context as the program left it; empty where none was given. */
    public byte[] context() {
        return context.clone();
    }

    /** The packet as the program left it; empty where none was given. */
    public byte[] packet() {
        return packet.clone();
    }
}
