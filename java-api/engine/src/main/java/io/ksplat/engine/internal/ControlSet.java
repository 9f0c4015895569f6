// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.Global;
import io.ksplat.evidence.Control;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** The counters that a run's controls read. */
public final class ControlSet {
    /** What is freed is freed later than the NMI that drops it. */
    public static final String FREED = "freed:";

    private final List<Counter> counters = new ArrayList<>();
    private Duration longest = Duration.ZERO;

    /** Adds a counter that must reach a count. */
    public void add(String name, Global counter, long required) {
        counters.add(new Counter(name, counter, required, OptionalLong.empty()));
    }

    /** Adds a counter that must reach a count and may not exceed another one. */
    public void add(String name, Global counter, long required, long most) {
        if (most < required || required < 0) {
            throw new IllegalArgumentException(
                    "the control " + name + " can never pass: " + required + " or more, and at most " + most);
        }
        counters.add(new Counter(name, counter, required, OptionalLong.of(most)));
    }

    /** Adds a time in nanoseconds that may not exceed another one. */
    public void add(String name, Global nanoseconds, Duration most) {
        add(name, nanoseconds, 0, most.toNanos());
        longest = most.compareTo(longest) > 0 ? most : longest;
    }

    /** Returns the longest time that something may take. */
    Duration longest() {
        return longest;
    }

    /** Returns whether a counter may not exceed something: that is known only in the end. */
    boolean isBounded() {
        return counters.stream().anyMatch(counter -> counter.most.isPresent());
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
    public record Position(String name, long required, long address, int bytes) {
        static Position of(String name, long required, Global global) throws IOException {
            return new Position(name, required, global.physicalAddress(), global.size());
        }
    }

    /** Returns where those counters lie that an NMI itself moves. */
    public List<Position> positions() throws IOException {
        List<Position> positions = new ArrayList<>();
        for (Counter counter : counters) {
            if (counter.kept.isEmpty() && counter.required > 0 && !counter.name.startsWith(FREED)) {
                positions.add(Position.of(counter.name, counter.required, counter.global));
            }
        }
        return positions;
    }

    /** Reads them from outside. */
    public List<Control> read() throws IOException {
        List<Control> controls = new ArrayList<>();
        for (Counter counter : counters) {
            controls.add(
                    new Control(Control.Role.EFFECT, counter.name, counter.required, counter.value(), counter.most));
        }
        return controls;
    }

    private static final class Counter {
        private final String name;
        private final Global global;
        private final long required;
        private final OptionalLong most;
        private OptionalLong kept = OptionalLong.empty();

        Counter(String name, Global global, long required, OptionalLong most) {
            this.name = name;
            this.global = global;
            this.required = required;
            this.most = most;
        }

        long value() throws IOException {
            return kept.isPresent() ? kept.getAsLong() : global.get();
        }
    }
}
