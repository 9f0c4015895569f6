// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.build;

import io.ksplat.kernel.KernelException;

/** The mails are not the whole series: there is no patch in them, or one of the series is missing. */
public final class IncompleteSeriesException extends KernelException {
    /** Reports what is missing. */
    public IncompleteSeriesException(String message) {
        super(message);
    }
}
