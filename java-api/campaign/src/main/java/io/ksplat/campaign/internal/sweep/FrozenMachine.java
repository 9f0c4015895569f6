// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.forensics.memory.KernelView;
import io.ksplat.machine.internal.qemu.HostTools;
import io.ksplat.machine.internal.snapshot.Template;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A kept machine that can be restored again and again.
 *
 * @param symbols those of its kernel where it was loaded, and of the JITed programs
 */
public record FrozenMachine(
        Anchor anchor, Template template, KernelInfo kernel, Symbols symbols, HostTools tools, Cache cache) {
    /** Returns what decides whether a machine that was restored from it survives. */
    public SurvivalCheck survival() {
        return new SurvivalCheck(anchor, template, kernel, symbols, cache);
    }

    /** Returns what finds the locks that are held on a path from it. */
    public HeldLockProbe locks(SteppedPath path, Path consoleLog) throws IOException {
        return HeldLockProbe.of(
                path, new KernelView(kernel, symbols, anchor.cpus()), symbols, anchor.cpu(), consoleLog);
    }
}
