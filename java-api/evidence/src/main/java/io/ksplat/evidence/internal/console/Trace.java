// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** One trace of a report, with its label. Its frames may lie on several stacks (task, irq, nmi). */
final class Trace {
    /** A frame, its stack, and whether it is that of the instruction pointer. */
    record Entry(Frame frame, String stack, boolean pointer) {}

    private final String label;
    private OptionalInt cpu;
    private Optional<Task> task = Optional.empty();
    private final List<Entry> entries = new ArrayList<>();

    Trace(String label, OptionalInt cpu) {
        this.label = label;
        this.cpu = cpu;
    }

    /** Returns the report's label for the trace ({@code allocated}, {@code nmi backtrace}), or {@code task} for the main trace. */
    String label() {
        return label;
    }

    /** Returns whether the trace shows a CPU or task at the time of the report, not where something was taken or allocated before. */
    boolean isMain() {
        return "task".equals(label) || "nmi backtrace".equals(label);
    }

    /** Sets the source line of the last frame. */
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

    Optional<Task> task() {
        return task;
    }

    /** Says which CPU and task the trace is of. If the dumps of two CPUs are interleaved, it may be of either. */
    void on(OptionalInt number, Optional<Task> running) {
        if (cpu.isPresent() && number.isPresent() && !cpu.equals(number)) {
            cpu = OptionalInt.empty();
            task = Optional.empty();
            return;
        }
        cpu = cpu.isPresent() ? cpu : number;
        task = task.or(() -> running);
    }

    /** Names the task whose trace follows. */
    void of(Task whose) {
        task = Optional.of(whose);
    }

    List<Entry> entries() {
        return entries;
    }

    boolean hasFrames() {
        return entries.stream().anyMatch(entry -> !entry.pointer());
    }

    void add(Frame frame, String stack, boolean pointer) {
        // arm prints each function twice, as caller and as callee
        if (!entries.isEmpty()
                && frame.offset().isEmpty()
                && !frame.inlined()
                && entries.get(entries.size() - 1).frame().function().equals(frame.function())) {
            return;
        }
        // other traces begin with the instruction pointer, which the registers already contain
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

    /**
     * Returns the trace without the frames of instruction pointers, and without those that only may be ones. Where the pointer is in no code an unwinder does
     * not know how to begin, and all frames are guesses: the first is that of the call.
     */
    Trace withoutPointer() {
        Trace calls = new Trace(label, cpu);
        calls.task = task;
        boolean guesses = entries.stream()
                .noneMatch(entry -> !entry.pointer() && entry.frame().certain());
        entries.stream()
                .filter(entry -> !entry.pointer() && (guesses || entry.frame().certain()))
                .forEach(calls.entries::add);
        return calls;
    }

    /** Returns the trace without a frame. */
    Trace without(Entry entry) {
        Trace rest = new Trace(label, cpu);
        rest.task = task;
        entries.stream().filter(other -> !other.equals(entry)).forEach(rest.entries::add);
        return rest;
    }

    /** Returns the trace as stacks, split where it changes from one stack to another. */
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

    /** The instruction pointer is printed before the mark of its stack, or at the end of the stack that interrupted it. */
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
