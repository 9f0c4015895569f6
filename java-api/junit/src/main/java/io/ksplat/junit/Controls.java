// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.Global;
import io.ksplat.evidence.Control;
import io.ksplat.machine.internal.nmi.Anchor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * The positive checks of an experiment. They are evaluated after the test method, from outside, until all pass or time is up.
 *
 * <pre>{@code
 * machine.controls()
 *         .dropped(bpf.global("dropped"), 1)
 *         .freed("delayed_put_task_struct", bpf.global("freed"), 1)
 *         .atLeast("handled", bpf.global("handled"), 1);
 * }</pre>
 */
public final class Controls {
    private static final String FREED = "freed:";

    private final List<Counter> counters = new ArrayList<>();

    Controls() {}

    /** Operations that returned success in the context at stake, as the program under test counted them. */
    public Controls dropped(Global counter, long required) {
        return atLeast("dropped", counter, required);
    }

    /**
     * The kernel's own final free of those objects.
     *
     * @param function the kernel function that a tracer, which is not the program under test, saw free them
     */
    public Controls freed(String function, Global counter, long required) {
        return atLeast(FREED + function, counter, required);
    }

    /** Any other count that must be reached. */
    public Controls atLeast(String name, Global counter, long required) {
        counters.add(new Counter(name, counter, required));
        return this;
    }

    /** Keeps what the counters of an object say now, because it is going to be unloaded. */
    void keep(BpfObject going) throws IOException {
        for (Counter counter : counters) {
            if (going.owns(counter.global)) {
                counter.kept = OptionalLong.of(counter.global.get());
            }
        }
    }

    boolean isEmpty() {
        return counters.isEmpty();
    }

    /** Where those counters lie that an NMI itself moves: what is freed is freed later. */
    List<Anchor.Counter> positions() throws IOException {
        List<Anchor.Counter> positions = new ArrayList<>();
        for (Counter counter : counters) {
            if (counter.kept.isEmpty() && !counter.name.startsWith(FREED)) {
                positions.add(new Anchor.Counter(
                        counter.name, counter.required, counter.global.physicalAddress(), counter.global.size()));
            }
        }
        return positions;
    }

    List<Control> read() throws IOException {
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
