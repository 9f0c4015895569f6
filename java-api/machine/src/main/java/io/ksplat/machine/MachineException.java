// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import java.io.IOException;

/**
 * A machine did not do what it was asked; the message is one line for people.
 *
 * <pre>{@code
 * try {
 *     machine.await("the child is gone", child::isReaped);
 * } catch (MachineException.Late e) {
 *     System.out.println("it lives on");
 * } catch (MachineException.Gone e) {
 *     System.out.println("so does nothing");
 * }
 * }</pre>
 */
public class MachineException extends IOException {
    private static final long serialVersionUID = 1;

    public MachineException(String message) {
        super(message);
    }

    public MachineException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The machine is over: QEMU ended or was ended. */
    public static final class Gone extends MachineException {
        private static final long serialVersionUID = 1;

        public Gone(String message) {
            super(message);
        }
    }

    /** The machine did not answer in time. */
    public static final class Late extends MachineException {
        private static final long serialVersionUID = 1;

        public Late(String message) {
            super(message);
        }
    }
}
