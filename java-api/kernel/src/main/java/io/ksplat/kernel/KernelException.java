// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A kernel that cannot be had. The message is one line for people; where there is more to read, it lies in a file. */
public class KernelException extends Exception {
    private final transient @Nullable Path detail;

    public KernelException(String message) {
        super(message);
        this.detail = null;
    }

    public KernelException(String message, Throwable cause) {
        super(message, cause);
        this.detail = null;
    }

    public KernelException(String message, Path detail) {
        super(message);
        this.detail = detail;
    }

    /** The log that has the rest. */
    public final Optional<Path> detail() {
        return Optional.ofNullable(detail);
    }
}
