// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.build;

import io.ksplat.kernel.KernelException;
import java.nio.file.Path;

/** The kernel does not compile, so nothing is known about how it runs. The detail is the whole output of make. */
public final class BuildFailedException extends KernelException {
    /** Reports a failed build and its log. */
    public BuildFailedException(String message, Path log) {
        super(message, log);
    }
}
