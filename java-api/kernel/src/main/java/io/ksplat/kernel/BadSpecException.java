// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

/** A kernel spec that says nothing sensible: a usage error, in one line. */
public final class BadSpecException extends IllegalArgumentException {
    public BadSpecException(String message) {
        super(message);
    }
}
