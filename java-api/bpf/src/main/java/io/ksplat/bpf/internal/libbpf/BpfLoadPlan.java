// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import io.ksplat.bpf.BtfMismatchException;
import io.ksplat.bpf.GlobalVariable;
import java.util.List;
import java.util.Map;

/**
 * What is set on an opened object before it is loaded.
 *
 * @param programs only these; empty: all that libbpf would load by itself
 * @param initial written to data sections, in this order
 * @param maxEntries by map
 */
public record BpfLoadPlan(List<String> programs, List<Initial> initial, Map<String, Integer> maxEntries) {
    public BpfLoadPlan {
        programs = List.copyOf(programs);
        initial = List.copyOf(initial);
        maxEntries = Map.copyOf(maxEntries);
    }

    /** The object as it is. */
    public static BpfLoadPlan none() {
        return new BpfLoadPlan(List.of(), List.of(), Map.of());
    }

    /** The first value of a global variable. */
    public static final class Initial {
        private final GlobalVariable variable;
        private final byte[] value;

        /** @param value as many bytes as the variable has */
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
