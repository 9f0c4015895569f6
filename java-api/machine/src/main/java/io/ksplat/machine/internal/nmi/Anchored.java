// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.nmi;

import io.ksplat.machine.Landing;
import io.ksplat.machine.MachineException;

/** Ends a reproducer whose machine was to be frozen at an anchor, and was. */
public final class Anchored extends MachineException {
    private static final long serialVersionUID = 1;

    public Anchored(Landing where) {
        super("the machine was frozen on CPU " + where.cpu() + " at " + where.where() + ", as it was to be");
    }
}
