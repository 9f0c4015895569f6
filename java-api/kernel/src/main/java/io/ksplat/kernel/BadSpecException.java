// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

/**
 * The text is not a kernel spec, or not a range of kernels: a usage error. The message is one line.
 *
 * <pre>{@code
 * try {
 *     KernelSpec.parse("debian:seven");
 * } catch (BadSpecException e) {
 *     System.err.println(e.getMessage());
 * }
 * }</pre>
 */
public final class BadSpecException extends IllegalArgumentException {
    /** Reports what is wrong with which text, in one line. */
    public BadSpecException(String message) {
        super(message);
    }
}
