// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.nmi;

import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.DebugInfo;
import io.ksplat.kernel.internal.symbols.Symbols;
import java.io.IOException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds instructions of a kernel by what people call them. */
public final class AddressResolver {
    private static final Pattern OFFSET = Pattern.compile("([^+]+)\\+(0x[0-9a-fA-F]{1,8}|\\d{1,8})");
    private static final Pattern LINE = Pattern.compile("(\\S+\\.[chS]):(\\d{1,7})");

    /** What GCC appends to a copy of a function that it has changed; the other ones, .part and .cold, do not begin where it does. */
    private static final String COPY = "(\\.(constprop|isra)\\.\\d+)+";

    private static final int COPIES = 8;

    private final Kernel kernel;
    private final Symbols symbols;

    public AddressResolver(Kernel kernel, Symbols symbols) {
        this.kernel = kernel;
        this.symbols = symbols;
    }

    /**
     * The addresses that a target stands for; none where this kernel has no such function.
     *
     * @param target {@code function}, {@code function+0x1c} or {@code file.c:123}
     * @throws IOException if a source line cannot be found
     */
    public List<Long> find(String target) throws IOException {
        Matcher line = LINE.matcher(target);
        if (line.matches()) {
            return lines(line.group(1), Integer.parseInt(line.group(2)));
        }
        Matcher offset = OFFSET.matcher(target);
        if (offset.matches()) {
            long distance = Long.decode(offset.group(2));
            return functions(offset.group(1)).stream()
                    .filter(function -> distance < function.size())
                    .map(function -> function.address() + distance)
                    .toList();
        }
        return functions(target).stream().map(Symbol::address).toList();
    }

    /** Returns the functions of a name. Static functions may share one; and what the compiler has made a copy of is called by the copy's name. */
    public List<Symbol> functions(String name) {
        List<Symbol> exact = symbols.named(name);
        return !exact.isEmpty()
                ? exact
                : symbols.near(name, COPIES).stream()
                        .filter(near -> near.matches(Pattern.quote(name) + COPY))
                        .flatMap(copy -> symbols.named(copy).stream())
                        .toList();
    }

    private List<Long> lines(String file, int line) throws IOException {
        if (kernel.debugVmlinux().isEmpty()) {
            throw new IOException("aim at " + file + ":" + line + ": the kernel " + kernel.spec()
                    + " has no DWARF, so that only functions are known; take one that was built from source");
        }
        long text = symbols.address("_text").orElseThrow(() -> new IOException("this kernel's symbols lack _text"));
        try {
            return DebugInfo.of(kernel.debugVmlinux().get(), symbols).addresses(text, file, line);
        } catch (KernelException e) {
            throw new IOException("aim at " + file + ":" + line + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while looking for " + file + ":" + line, e);
        }
    }
}
