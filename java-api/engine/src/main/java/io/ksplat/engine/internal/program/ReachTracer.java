// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import io.ksplat.bpf.BpfException;
import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.KernelLacksException;
import io.ksplat.engine.Machine;
import io.ksplat.engine.internal.Fixture;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Counts the calls of functions of the kernel, with programs of its own: {@code reached:FUNCTION}. */
final class ReachTracer {
    static final String SOURCE = "reach.bpf.c";

    /** As many as reach.bpf.c has. */
    static final int MOST = 8;

    private final List<ProgramSpec.Reach> reaches;

    ReachTracer(List<ProgramSpec.Reach> reaches) {
        if (reaches.size() > MOST) {
            throw new IllegalArgumentException("reaches: at most " + MOST + " functions");
        }
        this.reaches = reaches;
    }

    /** Returns the macros of the source that name the functions. */
    List<String> macros() {
        List<String> macros = new ArrayList<>();
        for (int i = 0; i < reaches.size(); i++) {
            macros.add("REACH_" + i + " " + reaches.get(i).function());
        }
        return macros;
    }

    /** Returns the functions. */
    List<String> functions() {
        return reaches.stream().map(ProgramSpec.Reach::function).toList();
    }

    /** Loads the programs; they count from {@link #attach} on. */
    void load(Machine machine) throws IOException {
        if (!reaches.isEmpty()) {
            machine.load(SOURCE, spec -> spec.programs(programs(machine)));
        }
    }

    private String[] programs(Machine machine) {
        List<String> programs = new ArrayList<>();
        for (int i = 0; i < reaches.size(); i++) {
            programs.add(program(machine, i));
        }
        return programs.toArray(String[]::new);
    }

    /** fentry counts also where other tracing programs call the function; kprobes are for functions that BTF does not have. */
    private String program(Machine machine, int number) {
        return (machine.fixture().kernel().btf().hasFunction(reaches.get(number).function()) ? "entry_" : "probe_")
                + number;
    }

    /** Begins to count, and has the counts be controls. */
    void attach(Machine machine) throws IOException {
        if (reaches.isEmpty()) {
            return;
        }
        BpfObject tracer = machine.load(SOURCE, Fixture.AS_IT_IS);
        for (int i = 0; i < reaches.size(); i++) {
            ProgramSpec.Reach reach = reaches.get(i);
            try {
                tracer.program(program(machine, i)).attach();
            } catch (KernelLacksException e) {
                throw e;
            } catch (BpfException e) {
                throw new KernelLacksException(
                        "function " + reach.function() + " that can be traced", e.errno(), e.log());
            }
            machine.fixture()
                    .controls()
                    .add("reached:" + reach.function(), tracer.global("reached_" + i), reach.times());
        }
    }
}
