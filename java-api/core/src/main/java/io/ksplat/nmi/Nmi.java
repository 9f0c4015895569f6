// SPDX-License-Identifier: Apache-2.0
package io.ksplat.nmi;

import io.ksplat.kernel.Symbols;
import io.ksplat.vm.VirtualMachine;
import java.util.ArrayList;
import java.util.List;

/** The NMIs of one machine. */
public final class Nmi {
    private final VirtualMachine vm;
    private final Symbols symbols;
    private final NmiMode mode;
    private final List<Landing> landings = new ArrayList<>();
    private final List<String> misses = new ArrayList<>();
    private int asked;

    public Nmi(VirtualMachine vm, Symbols symbols, NmiMode mode) {
        this.vm = vm;
        this.symbols = symbols;
        this.mode = mode;
    }

    /**
     * Aims at the first instruction of a kernel function. Where several are given, whichever is reached first: what runs under a lock
     * differs between kernels, and a function that this one lacks is passed over.
     *
     * @throws IllegalArgumentException where this kernel has none of them, naming those that are near
     */
    public Aim aimAt(String... functions) {
        return new Aim(this, functions);
    }

    /** How many NMIs were asked for, sent or not. */
    public int asked() {
        return asked;
    }

    /** The NMIs that were seen to arrive. */
    public List<Landing> landings() {
        return List.copyOf(landings);
    }

    /** Why the ones that did not arrive did not. */
    public List<String> misses() {
        return List.copyOf(misses);
    }

    VirtualMachine vm() {
        return vm;
    }

    Symbols symbols() {
        return symbols;
    }

    NmiMode mode() {
        return mode;
    }

    void askedFor(int count) {
        asked += count;
    }

    void landed(Landing landing) {
        landings.add(landing);
    }

    void missed(String why) {
        misses.add(why);
    }
}
