// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Disassembler;
import io.ksplat.machine.internal.qemu.GuestMemory;
import io.ksplat.results.internal.campaign.SweepRecord;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongFunction;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The map of a sweep by functions: a table, and a listing of their code with the effect of an NMI at each instruction.
 */
final class SweepListing {
    private static final int MOST_CODE = 64 << 10;
    private static final int MOST_RANGES = 4;
    private static final int MOST_VISITS = 6;

    private final LongFunction<Optional<Symbol>> symbols;
    private final ListingMarks marks;
    private final List<Symbol> functions;

    /**
     * Prepares it.
     *
     * @param symbols finds the symbol at an address
     */
    SweepListing(SweepMap map, LongFunction<Optional<Symbol>> symbols) {
        this.symbols = symbols;
        this.marks = new ListingMarks(map);
        Set<Symbol> visited = new LinkedHashSet<>();
        List<SweepPoint> measured = map.measured();
        for (int n = measured.get(0).n(); n <= measured.get(measured.size() - 1).n(); n++) {
            symbols.apply(map.way().get(n)).ifPresent(visited::add);
        }
        this.functions = List.copyOf(visited);
    }

    /** Returns one line per function, in the order of the path. */
    String table() {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%-34s %6s  %-34s %-34s %s%n",
                "function",
                "steps",
                "deadlock at",
                "safe at",
                "waits for"));
        for (Symbol function : functions) {
            NavigableMap<Long, ListingMarks.Instruction> code = visited(function);
            text.append(String.format(
                            Locale.ROOT,
                            "%-34s %6d  %-34s %-34s %s",
                            function.name(),
                            code.values().stream()
                                    .mapToInt(
                                            instruction -> instruction.visits().size())
                                    .sum(),
                            ranges(function, code, ListingMarks.Instruction::isDeadly),
                            ranges(function, code, ListingMarks.Instruction::isSafe),
                            locks(code.values()))
                    .stripTrailing());
            text.append('\n');
        }
        return text.toString();
    }

    private NavigableMap<Long, ListingMarks.Instruction> visited(Symbol function) {
        return marks.between(function.address(), function.address() + function.size());
    }

    /**
     * Returns the offsets of the first and last instruction of each range of visited instructions with the same result.
     */
    private static String ranges(
            Symbol function,
            NavigableMap<Long, ListingMarks.Instruction> code,
            Predicate<ListingMarks.Instruction> wanted) {
        List<String> ranges = new ArrayList<>();
        Long first = null;
        Long last = null;
        for (Map.Entry<Long, ListingMarks.Instruction> entry : code.entrySet()) {
            if (wanted.test(entry.getValue())) {
                first = first == null ? entry.getKey() : first;
                last = entry.getKey();
            } else if (first != null && last != null) {
                ranges.add(range(function, first, last));
                first = null;
            }
        }
        if (first != null && last != null) {
            ranges.add(range(function, first, last));
        }
        return ranges.stream().limit(MOST_RANGES).collect(Collectors.joining(" "))
                + (ranges.size() > MOST_RANGES ? " ..." : "");
    }

    private static String range(Symbol function, long first, long last) {
        String from = "+0x" + Long.toHexString(first - function.address());
        return first == last ? from : from + "..0x" + Long.toHexString(last - function.address());
    }

    private static String locks(Collection<ListingMarks.Instruction> code) {
        Set<String> locks = new TreeSet<>();
        code.forEach(instruction -> instruction.waitsFor().ifPresent(locks::add));
        return String.join(", ", locks);
    }

    /**
     * Returns the instructions of each function, by its address.
     *
     * @param memory the memory at the anchor
     */
    Map<Long, List<Disassembler.Instruction>> code(GuestMemory memory)
            throws IOException, InterruptedException, KernelException {
        Map<Long, List<Disassembler.Instruction>> code = new HashMap<>();
        for (Symbol function : functions) {
            int size = (int) Math.min(MOST_CODE, function.size());
            code.put(
                    function.address(),
                    Disassembler.disassemble(function.address(), memory.read(function.address(), size)));
        }
        return code;
    }

    /**
     * Returns the code of all functions as text.
     *
     * @param code the instructions of each function, by its address
     */
    String listing(Map<Long, List<Disassembler.Instruction>> code) {
        StringBuilder text = new StringBuilder("""
                An NMI before an instruction: D deadlocks, S is safe, B both, depending on the visit, ? unclear;
                d, s, b: not measured, but the points around it have that result. Then the distances from the anchor.
                """);
        for (Symbol function : functions) {
            text.append(String.format(Locale.ROOT, "%n%s at 0x%x%n", function.name(), function.address()));
            NavigableMap<Long, ListingMarks.Instruction> visited = visited(function);
            boolean gap = false;
            for (Disassembler.Instruction instruction : code.getOrDefault(function.address(), List.of())) {
                ListingMarks.Instruction outcome = visited.get(instruction.address());
                if (outcome != null) {
                    text.append(line(function, instruction, outcome));
                } else if (!gap) {
                    text.append("       ...\n");
                }
                gap = outcome == null;
            }
        }
        return text.toString();
    }

    /**
     * Returns the code of all functions, for the record.
     *
     * @param code the instructions of each function, by its address
     */
    List<SweepRecord.Function> functions(Map<Long, List<Disassembler.Instruction>> code) {
        List<SweepRecord.Function> all = new ArrayList<>();
        for (Symbol function : functions) {
            NavigableMap<Long, ListingMarks.Instruction> visited = visited(function);
            List<SweepRecord.Instruction> instructions = new ArrayList<>();
            for (Disassembler.Instruction instruction : code.getOrDefault(function.address(), List.of())) {
                ListingMarks.Instruction outcome = visited.get(instruction.address());
                if (outcome != null) {
                    List<Integer> visits = outcome.visits();
                    int shown = Math.min(MOST_VISITS, visits.size());
                    instructions.add(new SweepRecord.Instruction(
                            instruction.address() - function.address(),
                            named(instruction.text()),
                            String.valueOf(outcome.letter()),
                            visits.subList(0, shown),
                            visits.size() - shown,
                            outcome.waitsFor()));
                }
            }
            all.add(new SweepRecord.Function(function.name(), function.address(), function.size(), instructions));
        }
        return all;
    }

    private String line(Symbol function, Disassembler.Instruction instruction, ListingMarks.Instruction outcome) {
        String visits = outcome.visits().stream()
                        .limit(MOST_VISITS)
                        .map(String::valueOf)
                        .collect(Collectors.joining(" "))
                + (outcome.visits().size() > MOST_VISITS ? " ..." : "");
        return String.format(
                                Locale.ROOT,
                                "  %c +0x%-5x %-52s %s%s",
                                outcome.letter(),
                                instruction.address() - function.address(),
                                named(instruction.text()),
                                visits,
                                outcome.waitsFor()
                                        .map(lock -> "  waits for " + lock)
                                        .orElse(""))
                        .stripTrailing()
                + "\n";
    }

    /** Replaces the target address of a jump or a call by its name. */
    private String named(String text) {
        int at = text.lastIndexOf("0xffffffff");
        if (at < 0 || !(text.startsWith("call") || text.startsWith("j"))) {
            return text;
        }
        Optional<Symbol> target = symbols.apply(Long.parseUnsignedLong(text.substring(at + 2), 16));
        return target.map(symbol -> text.substring(0, at) + symbol.name()).orElse(text);
    }
}
