// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

/**
 * A stream that a BPF program, and the kernel on its behalf, writes to: since Linux 6.17.
 *
 * <pre>{@code
 * String errors = bpf.program("take_two").stream(BpfStream.STDERR);
 * }</pre>
 */
public enum BpfStream {
    /** BPF_STDOUT, which programs write to. */
    STDOUT(1),
    /** BPF_STDERR, which the kernel writes to as well. */
    STDERR(2);

    private final int number;

    BpfStream(int number) {
        this.number = number;
    }

    /** Returns the number of the stream in bpf(2). */
    public int number() {
        return number;
    }
}
