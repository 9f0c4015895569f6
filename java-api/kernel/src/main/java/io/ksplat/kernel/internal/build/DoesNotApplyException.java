// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.build;

import io.ksplat.kernel.KernelException;

/** A patch of a series does not apply to the base. The message names the patch, the file and the hunk. */
public final class DoesNotApplyException extends KernelException {
    /** Reports the patch. */
    public DoesNotApplyException(String message) {
        super(message);
    }
}
