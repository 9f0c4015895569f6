// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import io.ksplat.bpf.LibbpfException;
import io.ksplat.kernel.internal.Elf;
import java.io.IOException;
import java.util.List;
import java.util.Set;

/**
 * Makes the kfuncs that an object declares weak. libbpf refuses a whole object for each strong one that the kernel lacks (libbpf.c,
 * bpf_object__resolve_ksym_func_btf_id()), also if only another program calls it than the one that is to be loaded. A program that
 * does call it is refused by the verifier, and libbpf names the kfunc in its log.
 */
public final class WeakKfuncs {
    // elf(5)
    private static final int SHT_SYMTAB = 2;
    private static final int SYMBOL_BYTES = 24;
    private static final int STB_GLOBAL = 1;
    private static final int STB_WEAK = 2;

    private WeakKfuncs() {}

    /** Returns a copy of an object in which they are weak. */
    public static byte[] in(String name, byte[] object) throws LibbpfException {
        Set<String> kfuncs = ProgramTags.declaredFunctions(name, object);
        byte[] copy = object.clone();
        try {
            Elf elf = Elf.of(object).orElseThrow(() -> new LibbpfException(name + " is no ELF object"));
            // Reading them checks that the tables lie within the object.
            List<Elf.Symbol> symbols = elf.symbols();
            int index = 0;
            for (Elf.Section table : elf.sections()) {
                if (table.type() != SHT_SYMTAB) {
                    continue;
                }
                for (int at = 0; at + SYMBOL_BYTES <= table.size(); at += SYMBOL_BYTES) {
                    Elf.Symbol symbol = symbols.get(index++);
                    if (symbol.section().isEmpty() && kfuncs.contains(symbol.name())) {
                        weaken(copy, (int) table.offset() + at + 4);
                    }
                }
            }
            return copy;
        } catch (LibbpfException e) {
            throw e;
        } catch (IOException e) {
            throw new LibbpfException(name + " is malformed: " + e.getMessage(), e);
        }
    }

    private static void weaken(byte[] object, int info) {
        if ((object[info] & 0xff) >> 4 == STB_GLOBAL) {
            object[info] = (byte) (STB_WEAK << 4 | (object[info] & 0xf));
        }
    }
}
