// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import io.ksplat.bpf.internal.libbpf.BpfLoadPlan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * An object to load: with initial values, sizes of maps, and a choice of programs. Immutable: each method returns a changed copy.
 *
 * <pre>{@code
 * record Limits(int low, int high) {}
 *
 * BpfObjectSpec spec = BpfObject.open(file)
 *         .set("verbose", true)              // a const volatile bool, in .rodata
 *         .set("limits", new Limits(10, 20)) // a struct
 *         .maxEntries("slots", 64)
 *         .programs("on_nmi", "stash_task");
 * BpfObject bpf = spec.load(target);
 * }</pre>
 */
public final class BpfObjectSpec {
    private final BpfObjectFile file;
    private final BpfLoadPlan plan;

    BpfObjectSpec(BpfObjectFile file, BpfLoadPlan plan) {
        this.file = file;
        this.plan = plan;
    }

    /** Returns the object file. */
    public BpfObjectFile file() {
        return file;
    }

    /** Sets the initial value of a global variable that is a number, also of a constant ({@code .rodata}). */
    public BpfObjectSpec set(String global, long value) {
        GlobalVariable variable = file.global(global);
        return set(variable, Global.numberBytes(variable, value));
    }

    /**
     * Sets the initial value of a global variable of any type, also of a constant ({@code .rodata}).
     *
     * @throws BtfMismatchException if the Java type of the value does not fit the type of the variable
     */
    public BpfObjectSpec set(String global, Object value) {
        GlobalVariable variable = file.global(global);
        return set(variable, Global.valueBytes(variable, value));
    }

    private BpfObjectSpec set(GlobalVariable variable, byte[] bytes) {
        List<BpfLoadPlan.Initial> initial = new ArrayList<>(plan.initial());
        initial.add(new BpfLoadPlan.Initial(variable, bytes));
        return new BpfObjectSpec(file, new BpfLoadPlan(plan.programs(), initial, plan.maxEntries()));
    }

    /** Sets the number of elements that a map can hold. */
    public BpfObjectSpec maxEntries(String map, int entries) {
        Map<String, Integer> sizes = new HashMap<>(plan.maxEntries());
        sizes.put(file.map(map).name(), entries);
        return new BpfObjectSpec(file, new BpfLoadPlan(plan.programs(), plan.initial(), sizes));
    }

    /** Chooses the programs to load, also those with a {@code ?} before their section. */
    public BpfObjectSpec programs(String... names) {
        for (String name : names) {
            file.program(name);
        }
        return new BpfObjectSpec(file, new BpfLoadPlan(List.of(names), plan.initial(), plan.maxEntries()));
    }

    /**
     * Loads it.
     *
     * @throws VerifierException if the kernel's verifier refuses a program
     * @throws KernelLacksException if the kernel has not what it needs
     * @throws BpfException for any other refusal
     */
    public BpfObject load(BpfTarget target) throws IOException {
        return target.load(this);
    }

    /**
     * Returns the settings; only targets call this.
     *
     * @hidden
     */
    @SuppressWarnings("InvalidBlockTag") // Error Prone does not know it; Javadoc has had it since 9.
    public BpfLoadPlan plan() {
        return plan;
    }
}
