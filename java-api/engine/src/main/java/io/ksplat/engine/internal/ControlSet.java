// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.Global;
import io.ksplat.evidence.Control;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** The counters that a run's controls read. */
public final class ControlSet {
    /** What is freed is freed later than the NMI that drops it. */
    public static final String FREED = "freed:";

    private final List<Counter> counters = new ArrayList<>();

    /** Adds a counter that must reach a count. */
    public void add(String name, Global counter, long required) {
        counters.add(new Counter(name, counter, required));
    }

    /** Keeps what the counters of an object say now, because it is going to be unloaded. */
    public void keep(BpfObject going) throws IOException {
        for (Counter counter : counters) {
            if (going.owns(counter.global)) {
                counter.kept = OptionalLong.of(counter.global.get());
            }
        }
    }

    public boolean isEmpty() {
        return counters.isEmpty();
    }

    /**
     * A number that the guest counts up.
     *
     * @param required what it must reach
     * @param address physical
     */
    public record Position(String name, long required, long address, int bytes) {}

    /** Returns where those counters lie that an NMI itself moves. */
    public List<Position> positions() throws IOException {
        List<Position> positions = new ArrayList<>();
        for (Counter counter : counters) {
            if (counter.kept.isEmpty() && !counter.name.startsWith(FREED)) {
                positions.add(new Position(
                        counter.name, counter.required, counter.global.physicalAddress(), counter.global.size()));
            }
        }
        return positions;
    }

    /** Reads them from outside. */
    public List<Control> read() throws IOException {
        List<Control> controls = new ArrayList<>();
        for (Counter counter : counters) {
            controls.add(Control.effect(counter.name, counter.required, counter.value()));
        }
        return controls;
    }

    private static final class Counter {
        private final String name;
        private final Global global;
        private final long required;
        private OptionalLong kept = OptionalLong.empty();

        Counter(String name, Global global, long required) {
            this.name = name;
            this.global = global;
            this.required = required;
        }

        long value() throws IOException {
            return kept.isPresent() ? kept.getAsLong() : global.get();
        }
    }
}
