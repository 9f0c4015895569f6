// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import java.io.IOException;
import java.nio.file.FileSystemException;

/** Reports I/O errors of the cache. */
public final class CacheFailure {
    private CacheFailure() {}

    /** Describes an I/O error in one line that names the cache and says what to do. */
    public static KernelException of(Cache cache, String what, IOException e) {
        String reason = e instanceof FileSystemException f && f.getReason() != null ? f.getReason() : e.getMessage();
        return new KernelException(
                what + ": " + reason + " (the cache is " + cache.root()
                        + "; XDG_CACHE_HOME moves it, `ksplat kernels prune` empties it)",
                e);
    }
}
