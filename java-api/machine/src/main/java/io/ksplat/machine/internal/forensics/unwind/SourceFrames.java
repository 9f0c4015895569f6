// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.unwind;

import io.ksplat.bpf.BpfLine;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.DebugInfo;
import io.ksplat.kernel.internal.symbols.DebugInfo.Place;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.arch.JitFrames;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Adds source lines to the frames of stacks: file, line and inlined functions if the kernel has DWARF; the line of a BPF program if
 * its object has lines. Leaves a frame as it is if its source is ambiguous.
 */
public final class SourceFrames {
    private static final Logger LOG = LoggerFactory.getLogger(SourceFrames.class);

    private final Symbols symbols;
    private final Optional<DebugInfo> dwarf;
    private final TreeMap<Long, BpfLine> bpf = new TreeMap<>(Long::compareUnsigned);

    /**
     * Makes the sources of one machine.
     *
     * @param symbols of its boot, JITed programs included
     * @param bpf the lines of the programs that it has loaded
     */
    public SourceFrames(Kernel kernel, Symbols symbols, List<BpfLine> bpf) {
        this(symbols, dwarf(kernel, symbols), bpf);
    }

    /** Returns sources that leave all frames as they are. */
    public static SourceFrames none(Symbols symbols) {
        return new SourceFrames(symbols, Optional.empty(), List.of());
    }

    SourceFrames(Symbols symbols, Optional<DebugInfo> dwarf, List<BpfLine> bpf) {
        this.symbols = symbols;
        this.dwarf = dwarf;
        bpf.forEach(line -> this.bpf.put(line.start(), line));
    }

    private static Optional<DebugInfo> dwarf(Kernel kernel, Symbols symbols) {
        if (kernel.debugVmlinux().isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(DebugInfo.of(kernel.debugVmlinux().get(), symbols));
        } catch (IOException e) {
            LOG.warn("stacks have no source lines: {}", e.getMessage());
            return Optional.empty();
        }
    }

    /** Returns the evidence with the source lines of its frames. */
    public List<Evidence> locate(List<Evidence> evidence) throws InterruptedException {
        Set<Long> asked = new LinkedHashSet<>();
        evidence.forEach(found ->
                found.stacks().forEach(stack -> stack.frames().forEach(frame -> asked.addAll(candidates(frame)))));
        Map<Long, List<Place>> places = places(asked);
        return evidence.stream().map(found -> locate(found, places)).toList();
    }

    private Evidence locate(Evidence found, Map<Long, List<Place>> places) {
        List<Stack> stacks = new ArrayList<>();
        for (Stack stack : found.stacks()) {
            List<Frame> frames = new ArrayList<>();
            for (Frame frame : stack.frames()) {
                // Static functions may share a name: the source is known only if all of them agree.
                List<List<Frame>> readings = candidates(frame).stream()
                        .map(code -> expand(frame, code, places))
                        .distinct()
                        .toList();
                frames.addAll(readings.size() == 1 ? readings.get(0) : List.of(frame));
            }
            stacks.add(new Stack(stack.cpu(), stack.context(), frames));
        }
        return found.with(stacks);
    }

    /** Returns the stacks with their source lines; exact, because each frame's address is known. */
    public List<Stack> stacks(List<ContextStack> contexts) throws InterruptedException {
        Set<Long> asked = new LinkedHashSet<>();
        contexts.forEach(context -> context.steps().forEach(step -> asked.add(step.code())));
        Map<Long, List<Place>> places = places(asked);
        return contexts.stream()
                .map(context -> new Stack(
                        OptionalInt.of(context.cpu()),
                        context.context(),
                        context.steps().stream()
                                .flatMap(step -> expand(step.frame(), step.code(), places).stream())
                                .toList()))
                .toList();
    }

    /** Returns the frames of a task that is on no CPU, with their source lines. */
    public List<Frame> frames(List<StackWalk.Step> steps) throws InterruptedException {
        Map<Long, List<Place>> places =
                places(steps.stream().map(StackWalk.Step::code).collect(Collectors.toSet()));
        return steps.stream()
                .flatMap(step -> expand(step.frame(), step.code(), places).stream())
                .toList();
    }

    /** Returns the addresses that a frame may have; empty if it has its source already, or no symbol. */
    private List<Long> candidates(Frame frame) {
        if (frame.offset().isEmpty() || frame.file().isPresent() || (dwarf.isEmpty() && bpf.isEmpty())) {
            return List.of();
        }
        long offset = frame.offset().getAsLong();
        return symbols.named(frame.function()).stream()
                .filter(Symbol::isText)
                .filter(symbol -> offset <= symbol.size())
                .map(symbol -> symbol.address() + offset - (frame.pointer() ? 0 : 1))
                .toList();
    }

    private Map<Long, List<Place>> places(Set<Long> addresses) throws InterruptedException {
        OptionalLong text = symbols.address("_text");
        Set<Long> kernels = new LinkedHashSet<>();
        for (long address : addresses) {
            if (symbols.at(address).filter(symbol -> symbol.module().isEmpty()).isPresent()) {
                kernels.add(address);
            }
        }
        Map<Long, List<Place>> places = new HashMap<>();
        for (long address : addresses) {
            bpf(address).ifPresent(place -> places.put(address, List.of(place)));
        }
        if (dwarf.isPresent() && text.isPresent() && !kernels.isEmpty()) {
            try {
                places.putAll(dwarf.get().places(text.getAsLong(), kernels));
            } catch (IOException | KernelException e) {
                // A stack without lines is better than none.
                LOG.warn("stacks have no source lines: {}", e.getMessage());
            }
        }
        return places;
    }

    private Optional<Place> bpf(long address) {
        Optional<Symbol> function = symbols.at(address).filter(JitFrames::isJited);
        Map.Entry<Long, BpfLine> line = bpf.floorEntry(address);
        return function.isPresent()
                        && line != null
                        && Long.compareUnsigned(line.getKey(), function.get().address()) >= 0
                ? Optional.of(new Place(
                        function.get().name(),
                        Path.of(line.getValue().file()).normalize().toString(),
                        line.getValue().line()))
                : Optional.empty();
    }

    private static List<Frame> expand(Frame frame, long code, Map<Long, List<Place>> places) {
        List<Place> found = places.getOrDefault(code, List.of());
        if (found.isEmpty()) {
            return List.of(frame);
        }
        List<Frame> frames = new ArrayList<>();
        for (Place inlined : found.subList(0, found.size() - 1)) {
            frames.add(new Frame(
                    inlined.function(),
                    OptionalLong.empty(),
                    Optional.of(inlined.file()),
                    OptionalInt.of(inlined.line()),
                    true,
                    frame.certain()));
        }
        Place own = found.get(found.size() - 1);
        frames.add(frame.at(own.file(), own.line()));
        return frames;
    }
}
