// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.build;

import io.ksplat.kernel.KernelException;
import java.nio.file.Path;

/** A kernel that does not build: nothing can be said of how it would run. The detail is make's whole output. */
public final class BuildFailedException extends KernelException {
    public BuildFailedException(String message, Path log) {
        super(message, log);
    }
}
