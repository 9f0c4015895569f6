// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.results.internal.campaign.HuntRecord;
import java.util.List;

/**
 * One thing that a BPF program may do.
 *
 * @param name {@code family/variant}
 * @param file the BPF C of its family, without {@code .bpf.h}
 * @param kfuncs the kernel functions that it calls
 * @param functions other functions that the kernel must have: those of helpers that came later than the rest
 * @param boot boot parameters, separated by spaces
 * @param preparation what brings a machine to where it can be done
 */
public record Operation(
        String name, String file, List<String> kfuncs, List<String> functions, String boot, Preparation preparation) {
    private static final List<String> WITH_ACTION =
            List.of("map", "storage", "kptr", "timer", "workqueue", "task-work");

    public Operation {
        kfuncs = List.copyOf(kfuncs);
        functions = List.copyOf(functions);
    }

    /** Returns an operation that needs nothing that only some kernels have. */
    static Operation of(String name, String file) {
        return new Operation(name, file, List.of(), List.of(), "", Preparation.ONCE);
    }

    /** Returns the same, which calls these kernel functions; of alternatives, {@code new|old}, one. */
    Operation calls(String... names) {
        return new Operation(name, file, List.of(names), functions, boot, preparation);
    }

    /** Returns the same, which needs these functions in the kernel: those of helpers and map types that came later than the rest. */
    Operation needs(String... names) {
        return new Operation(name, file, kfuncs, List.of(names), boot, preparation);
    }

    /** Returns the same on a machine that is booted and prepared in another way. */
    Operation prepared(String parameters, Preparation other) {
        return new Operation(name, file, kfuncs, functions, parameters, other);
    }

    /** How a machine is prepared. */
    public enum Preparation {
        /** The program does it, once. */
        ONCE,
        /** The program does it for each object. */
        EACH_OBJECT,
        /** The objects are tasks that have exited. */
        DEAD_TASKS,
        /** The objects are control groups that were removed. */
        DEAD_CGROUPS
    }

    /** Returns the part before the slash. */
    public String family() {
        return name.substring(0, name.indexOf('/'));
    }

    private String variant() {
        return name.substring(name.indexOf('/') + 1);
    }

    /** Returns whether it drops the last references to objects of the kernel. */
    boolean dropsLastReferences() {
        return family().startsWith("kptr-");
    }

    /** Returns the macros that choose it in the file of its family. */
    List<String> macros() {
        String variant = "VARIANT_" + macro(variant());
        for (String begin : WITH_ACTION) {
            if (family().startsWith(begin + "-")) {
                return List.of("ACTION_" + macro(family().substring(begin.length() + 1)), variant);
            }
        }
        return List.of(variant);
    }

    private static String macro(String words) {
        return words.replace('-', '_');
    }

    /** Returns the id of its reproducer: {@code hunt-map-update-lru-hash}. */
    String id(HuntMode mode) {
        return HuntRecord.reproducer(name, mode.word());
    }

    /**
     * Returns the id of its reproducer for one of several locks.
     *
     * @param lock counts from 1
     */
    String id(HuntMode mode, int lock) {
        return HuntRecord.reproducer(name, mode.word(), lock);
    }

    /**
     * Returns which time that the load reaches the operation is walked: the first times take ways of their own, but each
     * object can be dropped only once.
     */
    int hit() {
        return preparation == Preparation.ONCE ? 8 : 1;
    }
}
