// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** One trace of a report, as the report labels it; its frames may lie on several stacks (task, irq, nmi). */
final class Trace {
    /** A frame, the stack that it lies on, and whether it is where the instruction pointer was. */
    public record Entry(Frame frame, String stack, boolean pointer) {}

    private final String label;
    private OptionalInt cpu;
    private Optional<Task> task = Optional.empty();
    private final List<Entry> entries = new ArrayList<>();

    Trace(String label, OptionalInt cpu) {
        this.label = label;
        this.cpu = cpu;
    }

    /** The report's own word for it ({@code allocated}, {@code nmi backtrace}), or {@code task} for the report's main one. */
    String label() {
        return label;
    }

    /** Whether it is where the report was made, or where another CPU was then; not where something was taken, allocated, ... before. */
    boolean isMain() {
        return "task".equals(label) || "nmi backtrace".equals(label);
    }

    /** Gives the last frame its source line. */
    void locate(String file, int line) {
        if (!entries.isEmpty()) {
            Entry last = entries.remove(entries.size() - 1);
            Frame frame = last.frame();
            entries.add(new Entry(frame.at(file, line), last.stack(), last.pointer()));
        }
    }

    OptionalInt cpu() {
        return cpu;
    }

    void on(int number, Optional<Task> running) {
        if (cpu.isEmpty()) {
            cpu = OptionalInt.of(number);
        }
        task = task.or(() -> running);
    }

    List<Entry> entries() {
        return entries;
    }

    boolean hasFrames() {
        return entries.stream().anyMatch(entry -> !entry.pointer());
    }

    void add(Frame frame, String stack, boolean pointer) {
        // arm names each function twice, as caller and as called
        if (!entries.isEmpty()
                && frame.offset().isEmpty()
                && !frame.inlined()
                && entries.get(entries.size() - 1).frame().function().equals(frame.function())) {
            return;
        }
        // others begin the trace with the instruction pointer, which the registers told already
        if (!pointer && !entries.isEmpty()) {
            Entry last = entries.get(entries.size() - 1);
            if (last.pointer()
                    && last.frame().function().equals(frame.function())
                    && last.frame().offset().equals(frame.offset())) {
                return;
            }
        }
        entries.add(new Entry(frame, stack, pointer));
    }

    /** The same as plain stacks, cut where the CPU went from one to another. */
    List<Stack> stacks() {
        List<Stack> stacks = new ArrayList<>();
        List<Frame> frames = new ArrayList<>();
        String current = "";
        for (int i = 0; i < entries.size(); i++) {
            String stack = stackOf(i);
            if (!stack.equals(current) && !frames.isEmpty()) {
                stacks.add(new Stack(cpu, name(current), task, frames));
                frames = new ArrayList<>();
            }
            current = stack;
            frames.add(entries.get(i).frame());
        }
        if (!frames.isEmpty()) {
            stacks.add(new Stack(cpu, name(current), task, frames));
        }
        return stacks;
    }

    /** An instruction pointer is printed before the mark of its stack, or at the end of the stack of what interrupted it. */
    private String stackOf(int index) {
        int next = index;
        while (next < entries.size() && entries.get(next).pointer()) {
            next++;
        }
        return entries.get(next < entries.size() ? next : index).stack();
    }

    private String name(String stack) {
        return "task".equals(stack) ? label : "task".equals(label) ? stack : label + ", " + stack;
    }
}
