// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

/**
 * The result of a run with BPF_PROG_TEST_RUN.
 *
 * <pre>{@code
 * RunResult result = bpf.program("filter").onPacket(0, new byte[64]).finish();
 * System.out.println(result.returned() + " after " + result.nanos() + " ns");
 * }</pre>
 */
public final class RunResult {
    private final int returned;
    private final long nanos;
    private final byte[] context;
    private final byte[] packet;

    /**
     * Makes a result.
     *
     * @param returned the return value of the program
     * @param nanos the average time of a run
     * @param context the context after the run; empty if there was none
     * @param packet the packet after the run; empty if there was none
     */
    public RunResult(int returned, long nanos, byte[] context, byte[] packet) {
        this.returned = returned;
        this.nanos = nanos;
        this.context = context.clone();
        this.packet = packet.clone();
    }

    /** Returns the return value of the program. */
    public int returned() {
        return returned;
    }

    /** Returns the average time of a run in nanoseconds, as the kernel measured it; 0 for some program types. */
    public long nanos() {
        return nanos;
    }

    /** Returns the context after the run; empty if there was none. */
    public byte[] context() {
        return context.clone();
    }

    /** Returns the packet after the run; empty if there was none. */
    public byte[] packet() {
        return packet.clone();
    }
}
