// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import io.ksplat.bpf.GlobalVariable;
import io.ksplat.bpf.KernelSymbol;
import io.ksplat.bpf.LibbpfException;
import io.ksplat.kernel.internal.Elf;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Reads the DATASEC types of an object's BTF: its globals, and what it wants of the kernel. */
public final class DataSections {
    private static final Set<String> KINDS = Set.of(".bss", ".data", ".rodata");
    private static final String KERNEL_SYMBOLS = ".ksyms";

    private DataSections() {}

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

    public static List<KernelSymbol> kernelSymbols(Btf btf, List<Elf.Symbol> declared) {
        Set<String> weak = declared.stream()
                .filter(s -> s.weak() && s.section().isEmpty())
                .map(Elf.Symbol::name)
                .collect(Collectors.toSet());
        List<KernelSymbol> symbols = new ArrayList<>();
        for (int id = 1; id < btf.typeCount(); id++) {
            if (btf.kind(id) != Btf.DATASEC || !btf.name(id).equals(KERNEL_SYMBOLS)) {
                continue;
            }
            for (int i = 0; i < btf.vlen(id); i++) {
                int symbol = btf.word(id, 3 * i);
                String name = btf.name(symbol);
                symbols.add(new KernelSymbol(name, btf.kind(symbol) == Btf.FUNC, weak.contains(name)));
            }
        }
        return List.copyOf(symbols);
    }

    /** ".data.mine" holds globals as ".data" does. */
    private static boolean holdsGlobals(String section) {
        int second = section.indexOf('.', 1);
        return KINDS.contains(second < 0 ? section : section.substring(0, second));
    }
}
