// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import io.ksplat.bpf.BtfMismatchException;
import io.ksplat.bpf.GlobalVariable;
import java.util.List;
import java.util.Map;

/**
 * Settings of an object before it is loaded.
 *
 * @param programs the programs to load; if empty, those that libbpf loads by default
 * @param initial initial values of global variables, set in this order
 * @param maxEntries numbers of elements, by map
 */
public record BpfLoadPlan(List<String> programs, List<Initial> initial, Map<String, Integer> maxEntries) {
    public BpfLoadPlan {
        programs = List.copyOf(programs);
        initial = List.copyOf(initial);
        maxEntries = Map.copyOf(maxEntries);
    }

    /** Changes nothing. */
    public static BpfLoadPlan none() {
        return new BpfLoadPlan(List.of(), List.of(), Map.of());
    }

    /** The initial value of a global variable. */
    public static final class Initial {
        private final GlobalVariable variable;
        private final byte[] value;

        /** @param value has the size of the variable */
        public Initial(GlobalVariable variable, byte[] value) {
            if (value.length != variable.size()) {
                throw new BtfMismatchException(
                        variable.name() + " has " + variable.size() + " bytes, not " + value.length);
            }
            this.variable = variable;
            this.value = value.clone();
        }

        public GlobalVariable variable() {
            return variable;
        }

        public byte[] value() {
            return value.clone();
        }
    }
}
