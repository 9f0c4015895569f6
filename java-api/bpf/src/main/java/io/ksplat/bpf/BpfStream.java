// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

/** The streams that a BPF program, and the kernel on its behalf, writes to; Linux 6.17 and later (BPF_STDOUT, BPF_STDERR). */
public enum BpfStream {
    STDOUT(1),
    STDERR(2);

    private final int number;

    BpfStream(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }
}
