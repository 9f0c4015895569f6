// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

import io.ksplat.machine.MachineException;
import io.ksplat.machine.Register;
import io.ksplat.machine.Registers;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Parses the output of the monitor's {@code info registers -a} (QEMU's target/i386/cpu-dump.c). */
final class X86RegisterText {
    private static final Pattern CPU = Pattern.compile("^CPU#(\\d{1,5})\\b");
    private static final Pattern WORD = Pattern.compile("\\b([A-Z][A-Z0-9]{1,2}) ?=([0-9a-f]{8,16})\\b");
    /** {@code GS =0000 ffff88800f600000 ffffffff 00c00000}: selector, base, limit, flags. */
    private static final Pattern SEGMENT = Pattern.compile("^(CS|GS) =([0-9a-f]{4}) ([0-9a-f]{8}|[0-9a-f]{16}) ");

    private static final Map<String, Register> NAMES = Map.ofEntries(
            Map.entry("RAX", Register.RAX),
            Map.entry("RBX", Register.RBX),
            Map.entry("RCX", Register.RCX),
            Map.entry("RDX", Register.RDX),
            Map.entry("RSI", Register.RSI),
            Map.entry("RDI", Register.RDI),
            Map.entry("RBP", Register.RBP),
            Map.entry("RSP", Register.RSP),
            Map.entry("R8", Register.R8),
            Map.entry("R9", Register.R9),
            Map.entry("R10", Register.R10),
            Map.entry("R11", Register.R11),
            Map.entry("R12", Register.R12),
            Map.entry("R13", Register.R13),
            Map.entry("R14", Register.R14),
            Map.entry("R15", Register.R15),
            Map.entry("RIP", Register.RIP),
            Map.entry("RFL", Register.RFLAGS),
            // The names for a CPU that was not brought up yet: it is in 16 or 32 bit mode.
            Map.entry("EAX", Register.RAX),
            Map.entry("EBX", Register.RBX),
            Map.entry("ECX", Register.RCX),
            Map.entry("EDX", Register.RDX),
            Map.entry("ESI", Register.RSI),
            Map.entry("EDI", Register.RDI),
            Map.entry("EBP", Register.RBP),
            Map.entry("ESP", Register.RSP),
            Map.entry("EIP", Register.RIP),
            Map.entry("EFL", Register.RFLAGS),
            Map.entry("CR3", Register.CR3));

    private X86RegisterText() {}

    static List<Registers> parse(String text) throws MachineException {
        List<Registers> cpus = new ArrayList<>();
        int cpu = -1;
        Map<Register, Long> values = new EnumMap<>(Register.class);
        for (String line : text.lines().toList()) {
            Matcher header = CPU.matcher(line);
            if (header.find()) {
                add(cpus, cpu, values);
                cpu = Integer.parseInt(header.group(1));
                values = new EnumMap<>(Register.class);
                continue;
            }
            Matcher segment = SEGMENT.matcher(line);
            if (segment.find()) {
                boolean gs = segment.group(1).equals("GS");
                values.put(gs ? Register.GS_BASE : Register.CS, Long.parseUnsignedLong(segment.group(gs ? 3 : 2), 16));
                continue;
            }
            Matcher words = WORD.matcher(line);
            while (words.find()) {
                Register register = NAMES.get(words.group(1).strip());
                if (register != null) {
                    values.put(register, Long.parseUnsignedLong(words.group(2), 16));
                }
            }
        }
        add(cpus, cpu, values);
        if (cpus.isEmpty()) {
            throw new MachineException("QEMU printed no registers but: " + text.strip());
        }
        return cpus;
    }

    private static void add(List<Registers> cpus, int cpu, Map<Register, Long> values) throws MachineException {
        if (cpu < 0) {
            return;
        }
        if (!values.containsKey(Register.RIP)) {
            throw new MachineException("QEMU printed no RIP for CPU " + cpu);
        }
        cpus.add(new Registers(cpu, values));
    }
}
