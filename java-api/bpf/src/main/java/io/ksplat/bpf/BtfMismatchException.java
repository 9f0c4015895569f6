// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

/**
 * A Java type does not fit a C type, or a value does not fit its member. The message names the component and the member.
 *
 * <pre>{@code
 * record Limits(int low, int high) {}
 *
 * try {
 *     bpf.global("limits").set(new Limits(10, 20));
 * } catch (BtfMismatchException e) {
 *     System.out.println(e.getMessage());     // which component does not fit which member
 * }
 * }</pre>
 */
public final class BtfMismatchException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    /** Reports what does not fit, in one line. */
    public BtfMismatchException(String message) {
        super(message);
    }
}
