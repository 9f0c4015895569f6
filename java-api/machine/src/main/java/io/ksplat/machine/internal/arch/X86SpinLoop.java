// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

import io.ksplat.kernel.internal.symbols.Disassembler.Instruction;
import io.ksplat.machine.Register;
import io.ksplat.machine.Registers;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the memory that a CPU is about to read or write: the addresses in its next instructions, as far as its registers tell. A
 * loop that waits for a lock reads the lock.
 */
final class X86SpinLoop {
    private static final int MOST_INSTRUCTIONS = 48;

    /** {@code 0x8(%rbx)}; not with a segment or an index: no lock is addressed so. */
    private static final Pattern OPERAND = Pattern.compile("(?<![:\\w])(-?0x[0-9a-f]+)?\\(%(r[0-9a-z]+)\\)");

    private static final Pattern JUMP = Pattern.compile("(?:[a-z]+,p[nt] )?(j[a-z]+)\\s+0x([0-9a-f]+).*");

    /** In AT&amp;T's syntax an instruction writes its last operand. */
    private static final Pattern WRITTEN = Pattern.compile(".*[\\s,]%([a-z0-9]+)");

    private static final Map<String, Register> NAMES = names();

    private X86SpinLoop() {}

    private record Path(int index, EnumSet<Register> lost) {}

    /**
     * Returns the addresses, in the order in which the instructions come.
     *
     * @param code of the function from its start
     */
    static List<Long> accesses(List<Instruction> code, Registers registers) {
        Map<Long, Integer> byAddress = new HashMap<>();
        for (int i = 0; i < code.size(); i++) {
            byAddress.put(code.get(i).address(), i);
        }
        List<Long> found = new ArrayList<>();
        Set<Integer> seen = new HashSet<>();
        ArrayDeque<Path> paths = new ArrayDeque<>();
        Optional.ofNullable(byAddress.get(registers.rip()))
                .ifPresent(index -> paths.add(new Path(index, EnumSet.noneOf(Register.class))));
        while (!paths.isEmpty() && seen.size() < MOST_INSTRUCTIONS) {
            Path path = paths.remove();
            if (path.index >= code.size() || !seen.add(path.index)) {
                continue;
            }
            String text = code.get(path.index).text();
            operand(text, registers, path.lost)
                    .filter(address -> !found.contains(address))
                    .ifPresent(found::add);
            Matcher jump = JUMP.matcher(text);
            if (jump.matches()) {
                Integer target = byAddress.get(Long.parseUnsignedLong(jump.group(2), 16));
                if (!jump.group(1).startsWith("jmp")) {
                    paths.add(new Path(path.index + 1, path.lost));
                }
                if (target != null) {
                    paths.add(new Path(target, path.lost));
                }
            } else if (!text.matches("(?:ret|call|jmp|ud2|int3).*")) {
                paths.add(new Path(path.index + 1, after(text, path.lost)));
            }
        }
        return found;
    }

    private static Optional<Long> operand(String text, Registers registers, Set<Register> lost) {
        Matcher operand = OPERAND.matcher(text);
        if (text.startsWith("lea") || text.startsWith("nop") || !operand.find()) {
            return Optional.empty();
        }
        Register base = NAMES.get(operand.group(2));
        if (base == null || base == Register.RSP || lost.contains(base)) {
            return Optional.empty();
        }
        long offset = operand.group(1) == null ? 0 : Long.decode(operand.group(1));
        return Optional.of(registers.get(base) + offset);
    }

    /** Returns the registers whose values are not known after an instruction. */
    private static EnumSet<Register> after(String text, EnumSet<Register> before) {
        EnumSet<Register> lost = EnumSet.copyOf(before);
        Matcher written = WRITTEN.matcher(text);
        if (!text.startsWith("cmp") && !text.startsWith("test") && written.matches()) {
            Optional.ofNullable(NAMES.get(written.group(1))).ifPresent(lost::add);
        }
        if (text.contains("cmpxchg")) {
            lost.add(Register.RAX);
        }
        if (text.startsWith("xchg") || text.contains("xadd")) {
            Matcher other = Pattern.compile("%([a-z0-9]+),").matcher(text);
            if (other.find()) {
                Optional.ofNullable(NAMES.get(other.group(1))).ifPresent(lost::add);
            }
        }
        return lost;
    }

    /** Returns all spellings of the general registers: rbx, ebx, bx, bl, bh; r8, r8d, r8w, r8b. */
    private static Map<String, Register> names() {
        Map<String, Register> names = new HashMap<>();
        for (Register register : X86_64.INSTANCE.generalRegisters()) {
            String name = register.name().toLowerCase(Locale.ROOT);
            names.put(name, register);
            String rest = name.substring(1);
            if (Character.isDigit(rest.charAt(0))) {
                List.of("d", "w", "b").forEach(width -> names.put(name + width, register));
            } else {
                names.put("e" + rest, register);
                names.put(rest, register);
                String letter = rest.endsWith("x") ? rest.substring(0, 1) : rest;
                names.put(letter + "l", register);
                if (rest.endsWith("x")) {
                    names.put(letter + "h", register);
                }
            }
        }
        return names;
    }
}
