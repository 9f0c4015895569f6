// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The kernel could not be fetched or built. The message is one line for people; {@link #detail} may name a log.
 *
 * <pre>{@code
 * try {
 *     new io.ksplat.kernel.Kernels(Cache.standard()).resolve(KernelSpec.parse("source:7.3+lockdep"), Progress.NONE);
 * } catch (KernelException e) {
 *     System.err.println(e.getMessage());
 *     e.detail().ifPresent(log -> System.err.println("the whole log: " + log));
 * }
 * }</pre>
 */
public class KernelException extends Exception {
    private final transient @Nullable Path detail;

    /** Reports a failure. */
    public KernelException(String message) {
        super(message);
        this.detail = null;
    }

    /** Reports a failure with its cause. */
    public KernelException(String message, Throwable cause) {
        super(message, cause);
        this.detail = null;
    }

    /** Reports a failure whose details are in a file. */
    public KernelException(String message, Path detail) {
        super(message);
        this.detail = detail;
    }

    /** Returns the log with the details; empty if there is none. */
    public final Optional<Path> detail() {
        return Optional.ofNullable(detail);
    }
}
