// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.memory;

import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Symbols;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Finds the code that a stopped kernel has made since its symbols were read: BPF programs, whoever has loaded them, the trampolines
 * and dispatchers that call them, and ftrace's trampolines. The kernel keeps lists of them for /proc/kallsyms.
 */
public final class JitedCode {
    /** The limit of a list: a longer one is a loop in corrupted memory. */
    private static final int MOST = 4096;

    /** Several times what a program of a million instructions becomes. */
    private static final long MOST_BYTES = 1 << 26;

    /** KSYM_NAME_LEN (include/linux/kallsyms.h). */
    private static final int MOST_NAME = 512;

    private final KernelData data;

    private JitedCode(KernelData data) {
        this.data = data;
    }

    /** Returns the kernel's symbols with those of its code that has none among them. */
    public static Symbols named(KernelData data) {
        JitedCode code = new JitedCode(data);
        List<Symbol> found = new ArrayList<>(code.ofBpf());
        found.addAll(code.ofFtrace());
        return found.isEmpty() ? data.symbols() : data.symbols().plus(found);
    }

    /** kernel/bpf/core.c, bpf_ksym_add. */
    private List<Symbol> ofBpf() {
        List<Symbol> found = new ArrayList<>();
        for (long entry : list("bpf_kallsyms", "bpf_ksym", "lnode")) {
            OptionalLong start = data.field(entry, "bpf_ksym", "start");
            OptionalLong end = data.field(entry, "bpf_ksym", "end");
            OptionalLong name = data.address(entry, "bpf_ksym", "name");
            Optional<String> text = name.isPresent() ? data.text(name.getAsLong(), MOST_NAME) : Optional.empty();
            if (text.isPresent() && start.isPresent() && end.isPresent()) {
                long size = end.getAsLong() - start.getAsLong();
                if (isNew(start.getAsLong(), size)) {
                    found.add(Symbol.bpf(text.get(), start.getAsLong(), size));
                }
            }
        }
        return found;
    }

    /** kernel/trace/ftrace.c, ftrace_add_trampoline_to_kallsyms. */
    private List<Symbol> ofFtrace() {
        List<Symbol> found = new ArrayList<>();
        for (long entry : list("ftrace_ops_trampoline_list", "ftrace_ops", "list")) {
            OptionalLong start = data.field(entry, "ftrace_ops", "trampoline");
            OptionalLong size = data.field(entry, "ftrace_ops", "trampoline_size");
            if (start.isPresent() && size.isPresent() && isNew(start.getAsLong(), size.getAsLong())) {
                found.add(new Symbol(
                        "ftrace_trampoline",
                        start.getAsLong(),
                        size.getAsLong(),
                        't',
                        Optional.of("__builtin__ftrace")));
            }
        }
        return found;
    }

    /** The kernel's own functions stay what they are, whatever these lists say. */
    private boolean isNew(long start, long size) {
        Optional<Symbol> known = data.symbols().at(start);
        return start < 0
                && size > 0
                && size <= MOST_BYTES
                && known.filter(symbol -> symbol.module().isEmpty() || symbol.address() == start)
                        .isEmpty();
    }

    private Set<Long> list(String variable, String type, String member) {
        Set<Long> found = new HashSet<>();
        OptionalLong head = data.symbols().address(variable);
        OptionalLong link = data.address(0, type, member);
        if (head.isEmpty() || link.isEmpty()) {
            return found;
        }
        OptionalLong next = data.word(head.getAsLong());
        while (next.isPresent()
                && next.getAsLong() != head.getAsLong()
                && found.size() < MOST
                && found.add(next.getAsLong() - link.getAsLong())) {
            next = data.word(next.getAsLong());
        }
        return found;
    }
}
