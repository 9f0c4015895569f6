// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

/** Where a piece of {@link Evidence} was seen. {@link #id()} is the name in {@code results.json}. */
public enum Source {
    /** The kernel's log. */
    CONSOLE("console"),
    /** Registers, heartbeats and memory, read from outside the machine. */
    OUTSIDE("outside"),
    /** A BPF program's stderr stream. */
    BPF_STREAM("bpf-stream"),
    VERIFIER("verifier"),
    /** A return value recorded by the program under test. */
    PROGRAM("program");

    private final String id;

    Source(String id) {
        this.id = id;
    }

    public String id() {
        return id;
    }
}
