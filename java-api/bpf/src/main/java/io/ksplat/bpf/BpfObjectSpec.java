// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import io.ksplat.bpf.internal.libbpf.BpfLoadPlan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * An object that is not loaded yet, with what is set before it is. Immutable: each method gives another.
 *
 * <pre>{@code
 * BpfObject bpf = BpfObject.open(file)
 *         .set("verbose", true)              // a const volatile bool, in .rodata
 *         .set("limits", new Limits(10, 20)) // a struct
 *         .maxEntries("slots", 64)
 *         .programs("on_nmi", "stash_task")
 *         .load(target);
 * }</pre>
 */
public final class BpfObjectSpec {
    private final BpfObjectFile file;
    private final BpfLoadPlan plan;

    BpfObjectSpec(BpfObjectFile file, BpfLoadPlan plan) {
        this.file = file;
        this.plan = plan;
    }

    /** What it holds. */
    public BpfObjectFile file() {
        return file;
    }

    /** The first value of a global variable that is a number, constants ({@code .rodata}) too. */
    public BpfObjectSpec set(String global, long value) {
        GlobalVariable variable = file.global(global);
        return set(variable, Global.numberBytes(variable, value));
    }

    /**
     * The first value of a global variable of any type, constants ({@code .rodata}) too.
     *
     * @throws io.ksplat.bpf.BtfMismatchException where the value's Java type does not fit the variable's
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

    /** For how many elements a map is made. */
    public BpfObjectSpec maxEntries(String map, int entries) {
        Map<String, Integer> sizes = new HashMap<>(plan.maxEntries());
        sizes.put(file.map(map).name(), entries);
        return new BpfObjectSpec(file, new BpfLoadPlan(plan.programs(), plan.initial(), sizes));
    }

    /** Only these programs; those with a {@code ?} before their section too. */
    public BpfObjectSpec programs(String... names) {
        for (String name : names) {
            file.program(name);
        }
        return new BpfObjectSpec(file, new BpfLoadPlan(List.of(names), plan.initial(), plan.maxEntries()));
    }

    /**
     * Loads it.
     *
     * @throws io.ksplat.bpf.VerifierException where the kernel's verifier refuses a program
     * @throws io.ksplat.bpf.BpfException for any other refusal
     */
    public BpfObject load(BpfTarget target) throws IOException {
        return target.load(this);
    }

    /** Returns what the target is asked to do; only targets call this. */
    public BpfLoadPlan plan() {
        return plan;
    }
}
