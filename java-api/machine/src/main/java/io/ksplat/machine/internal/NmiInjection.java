// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Nmi;
import io.ksplat.machine.NmiMode;
import io.ksplat.machine.Target;
import io.ksplat.machine.internal.nmi.NmiInterceptor;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** Sends NMIs to a target. */
public interface NmiInjection extends Target.Capability {
    /**
     * Returns the NMIs of one run.
     *
     * @param evidence whether anything was found by now
     */
    Nmi nmi(
            KernelInfo kernel,
            Symbols symbols,
            NmiMode mode,
            BooleanSupplier evidence,
            Optional<NmiInterceptor> interceptor);
}
