// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import io.ksplat.bpf.GlobalVariable;
import io.ksplat.bpf.Ksym;
import io.ksplat.bpf.LibbpfException;
import io.ksplat.kernel.internal.Elf;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Reads the DATASEC types in the BTF of an object: its global variables, and the kernel's symbols that it needs. */
public final class DataSections {
    private static final Set<String> KINDS = Set.of(".bss", ".data", ".rodata");
    private static final String KERNEL_SYMBOLS = ".ksyms";

    private DataSections() {}

    /** Returns the variables of the data sections. */
    public static List<GlobalVariable> globals(Btf btf) throws LibbpfException {
        List<GlobalVariable> globals = new ArrayList<>();
        for (int id = 1; id < btf.typeCount(); id++) {
            if (btf.kind(id) != Btf.DATASEC || !holdsGlobals(btf.name(id))) {
                continue;
            }
            for (int i = 0; i < btf.vlen(id); i++) {
                int variable = btf.word(id, 3 * i);
                globals.add(new GlobalVariable(
                        btf.name(variable),
                        btf.name(id),
                        btf.word(id, 3 * i + 1),
                        btf.word(id, 3 * i + 2),
                        BtfModel.type(btf, btf.sizeOrType(variable))));
            }
        }
        return List.copyOf(globals);
    }

    /** Returns the kernel symbols that an object declares; {@code declared} tells which are weak. */
    public static List<Ksym> ksyms(Btf btf, List<Elf.Symbol> declared) {
        Set<String> weak = declared.stream()
                .filter(s -> s.weak() && s.section().isEmpty())
                .map(Elf.Symbol::name)
                .collect(Collectors.toSet());
        List<Ksym> symbols = new ArrayList<>();
        for (int id = 1; id < btf.typeCount(); id++) {
            if (btf.kind(id) != Btf.DATASEC || !btf.name(id).equals(KERNEL_SYMBOLS)) {
                continue;
            }
            for (int i = 0; i < btf.vlen(id); i++) {
                int symbol = btf.word(id, 3 * i);
                String name = btf.name(symbol);
                symbols.add(new Ksym(name, btf.kind(symbol) == Btf.FUNC, weak.contains(name)));
            }
        }
        return List.copyOf(symbols);
    }

    /** ".data.mine" holds global variables, like ".data". */
    private static boolean holdsGlobals(String section) {
        int second = section.indexOf('.', 1);
        return KINDS.contains(second < 0 ? section : section.substring(0, second));
    }
}
