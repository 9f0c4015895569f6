// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.results.internal.campaign.HuntRecord;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One thing that a BPF program may do, and what an NMI does that interrupts it.
 *
 * @param name {@code family/variant}; {@code family/variant+family/variant}, if the NMI does something else
 * @param file the BPF C of its family, without {@code .bpf.h}
 * @param kfuncs the kernel functions that it calls
 * @param functions other functions that the kernel must have: those of helpers that came later than the rest
 * @param boot boot parameters, separated by spaces
 * @param preparation what brings a machine to where it can be done
 * @param other what the NMI does; the same, if empty
 */
public record Operation(
        String name,
        String file,
        List<String> kfuncs,
        List<String> functions,
        String boot,
        Preparation preparation,
        Optional<Operation> other) {
    static final String AGAINST = HuntRecord.AGAINST;

    private static final List<String> WITH_ACTION =
            List.of("map", "storage", "kptr", "timer", "workqueue", "task-work");

    public Operation {
        kfuncs = List.copyOf(kfuncs);
        functions = List.copyOf(functions);
    }

    /** Returns an operation that needs nothing that only some kernels have. */
    static Operation of(String name, String file) {
        return new Operation(name, file, List.of(), List.of(), "", Preparation.ONCE, Optional.empty());
    }

    /** Returns the same, which calls these kernel functions; of alternatives, {@code new|old}, one. */
    Operation calls(String... names) {
        return new Operation(name, file, List.of(names), functions, boot, preparation, other);
    }

    /** Returns the same, which needs these functions in the kernel: those of helpers and map types that came later than the rest. */
    Operation needs(String... names) {
        return new Operation(name, file, kfuncs, List.of(names), boot, preparation, other);
    }

    /** Returns the same on a machine that is booted and prepared in another way. */
    Operation prepared(String parameters, Preparation way) {
        return new Operation(name, file, kfuncs, functions, parameters, way, other);
    }

    /** Returns the same in a task, with another one in the NMI. */
    Operation against(Operation inNmi) {
        return new Operation(
                name + AGAINST + inNmi.name,
                file,
                both(kfuncs, inNmi.kfuncs),
                both(functions, inNmi.functions),
                String.join(" ", both(words(boot), words(inNmi.boot))),
                preparation,
                Optional.of(inNmi));
    }

    private static List<String> words(String text) {
        return Arrays.stream(text.split(" ")).filter(word -> !word.isEmpty()).toList();
    }

    private static List<String> both(List<String> one, List<String> other) {
        return Stream.concat(one.stream(), other.stream()).distinct().toList();
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

    /** Returns what the task does. */
    String inTask() {
        return other.isEmpty() ? name : name.substring(0, name.indexOf(AGAINST));
    }

    /** Returns what the NMI does. */
    String inNmi() {
        return other.map(Operation::name).orElse(name);
    }

    /**
     * Returns whether both do something to the same objects, if the NMI does something else: the file of a family defines them, and
     * the variant chooses them.
     */
    boolean hasOneObject() {
        return other.filter(inNmi -> inNmi.file.equals(file) && inNmi.variant().equals(variant()))
                .isPresent();
    }

    /** Returns the part before the slash. */
    public String family() {
        return name.substring(0, name.indexOf('/'));
    }

    private String variant() {
        String own = inTask();
        return own.substring(own.indexOf('/') + 1);
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
