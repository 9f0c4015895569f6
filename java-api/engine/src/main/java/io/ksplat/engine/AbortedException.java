// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

/**
 * A scenario's code breaks off, because this kernel is not for it: the verdict is UNSUPPORTED.
 *
 * <pre>{@code
 * if (machine.cpus() < 2) {
 *     throw new AbortedException(new IllegalStateException("the race needs two CPUs"));
 * }
 * }</pre>
 */
public final class AbortedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final Throwable reason;

    /** @param reason what the code threw */
    public AbortedException(Throwable reason) {
        super(reason.getMessage(), reason);
        this.reason = reason;
    }

    /** Returns what the code threw. */
    public Throwable reason() {
        return reason;
    }
}
