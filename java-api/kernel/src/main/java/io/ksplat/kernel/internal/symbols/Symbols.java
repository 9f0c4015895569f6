// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.symbols;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.EditDistance;
import java.io.IOException;
import java.lang.ref.SoftReference;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntToLongFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A kernel's symbols, sorted by address, from the text of /proc/kallsyms.
 *
 * <p>All symbols lie in one stretch of bytes, for there are up to 200,000 of them and most runs ask for a dozen. Addresses compare
 * unsigned. Immutable.
 */
public final class Symbols {
    /** Which form {@link #write} writes: part of the key of whatever keeps such files. */
    public static final int FORMAT = SymbolData.MAGIC;

    private static final long HIGHEST_PERCPU = 0x8000_0000L;
    private static final int MAX_EDITS = 4;

    private final SymbolData data;

    /** By address; few, where the others are many: beside them instead of in another copy of 10 MB. */
    private final NavigableMap<Long, Symbol> added;

    /** Machines of one template have slid alike, and a copy is some 10 MB. */
    private volatile SoftReference<Slid> lastSlid = new SoftReference<>(null);

    private record Slid(long delta, Symbols symbols) {}

    Symbols(SymbolData data) {
        this(data, Collections.emptyNavigableMap());
    }

    private Symbols(SymbolData data, NavigableMap<Long, Symbol> added) {
        this.data = data;
        this.added = added;
    }

    /**
     * Parses the text of /proc/kallsyms (format: kernel/kallsyms.c, s_show). Lines of another form are passed over.
     *
     * @throws IOException where it holds no symbol, or only zero addresses as for readers without privilege
     */
    public static Symbols parse(byte[] kallsyms) throws IOException {
        return Kallsyms.parse(kallsyms);
    }

    /**
     * Maps what {@link #write} wrote; nothing is parsed or copied.
     *
     * @throws IOException where the file is unreadable, damaged or of another version: parse the kernel's text again
     */
    public static Symbols read(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return new Symbols(new SymbolData(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size())));
        } catch (IllegalArgumentException e) {
            throw new IOException("read symbols from " + file + ": " + e.getMessage() + ": delete the file", e);
        }
    }

    /**
     * Writes the form that {@link #read} maps, without what {@link #plus} added, which belongs to one machine. A half-written file
     * never shows under {@code file}.
     */
    public void write(Path file) throws IOException {
        Path partial =
                Files.createTempFile(file.toAbsolutePath().getParent(), String.valueOf(file.getFileName()), ".part");
        try {
            try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = data.bytes();
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            }
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    /** How many the kernel came with. */
    int size() {
        return data.count;
    }

    /** The function that {@code address} lies in: empty outside of the kernel's text, modules and JITed programs. */
    public Optional<Symbol> at(long address) {
        int index = textUpTo(address);
        Symbol program = addedUpTo(address, index);
        if (program != null) {
            return Optional.of(program).filter(found -> covers(found, address) && found.isText());
        }
        return covers(index, address) ? Optional.of(symbol(index)) : Optional.empty();
    }

    /** Whether {@link #at} finds a function; makes none where the kernel itself has it. */
    public boolean isText(long address) {
        int index = textUpTo(address);
        return addedUpTo(address, index) == null
                ? covers(index, address)
                : at(address).isPresent();
    }

    /** The symbol of whatever kind, data included, that starts at or before {@code address} and ends behind it. */
    public Optional<Symbol> covering(long address) {
        int index = lastUpTo(address);
        // Of several at one address the first has a size.
        while (index > 0 && data.address(index - 1) == data.address(index)) {
            index--;
        }
        Symbol program = addedUpTo(address, index);
        if (program != null) {
            return Optional.of(program).filter(found -> covers(found, address));
        }
        return covers(index, address) ? Optional.of(symbol(index)) : Optional.empty();
    }

    /** The last of those added that starts at or before {@code address}, unless the symbol of {@code index} starts behind it. */
    private @Nullable Symbol addedUpTo(long address, int index) {
        Map.Entry<Long, Symbol> last = added.floorEntry(address);
        return last == null || (index >= 0 && Long.compareUnsigned(last.getKey(), data.address(index)) < 0)
                ? null
                : last.getValue();
    }

    private static boolean covers(Symbol symbol, long address) {
        return Long.compareUnsigned(address - symbol.address(), symbol.size()) < 0;
    }

    private boolean covers(int index, long address) {
        return index >= 0 && Long.compareUnsigned(address - data.address(index), data.size(index)) < 0;
    }

    /** Whether something added has taken this one's place. */
    private boolean isHidden(int index) {
        return !data.isCore(index) && added.containsKey(data.address(index));
    }

    private int lastUpTo(long address) {
        return lastUpTo(address, data.count, data::address);
    }

    private int textUpTo(long address) {
        int last = lastUpTo(address, data.texts, i -> data.address(data.text(i)));
        return last < 0 ? -1 : data.text(last);
    }

    /** The last of {@code count} sorted addresses that is not above {@code address}, or -1. */
    private static int lastUpTo(long address, int count, IntToLongFunction addresses) {
        int low = 0;
        int high = count - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (Long.compareUnsigned(addresses.applyAsLong(middle), address) <= 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }

    /** The address of the symbol of this name; of several the kernel's own before a module's, then the lowest. */
    public OptionalLong address(String name) {
        int first = data.firstNamed(name.getBytes(UTF_8));
        if (first >= 0 && data.isCore(first)) {
            return OptionalLong.of(data.address(first));
        }
        return named(name).stream().mapToLong(Symbol::address).findFirst();
    }

    /** All symbols of this name, the kernel's own first, then by address: static functions share names. */
    public List<Symbol> named(String name) {
        return Stream.concat(
                        data.named(name.getBytes(UTF_8))
                                .filter(index -> !isHidden(index))
                                .mapToObj(this::symbol),
                        added.values().stream().filter(symbol -> symbol.name().equals(name)))
                .sorted(Comparator.<Symbol, Boolean>comparing(
                                symbol -> symbol.module().isPresent())
                        .thenComparing(Symbol::address, Long::compareUnsigned))
                .toList();
    }

    /**
     * Of the names that the kernel came with the ones most like {@code name}, best first: what the compiler made of it
     * ({@code name.isra.0}), then the ones with the fewest typing mistakes.
     */
    public List<String> near(String name, int limit) {
        byte[] compilerMade = (name + ".").getBytes(UTF_8);
        int budget = Math.min(MAX_EDITS, Math.max(1, name.length() / 4));
        Map<Integer, Set<String>> byDistance = new TreeMap<>();
        for (int i = 0; i < data.count; i++) {
            boolean made = data.startsWith(i, compilerMade);
            // Most names are of another length: no string is made of those.
            if (!made && Math.abs(data.nameLength(i) - name.length()) > budget) {
                continue;
            }
            String other = name(i);
            int distance = made ? 0 : EditDistance.between(name, other, budget);
            if (distance <= budget) {
                byDistance.computeIfAbsent(distance, d -> new HashSet<>()).add(other);
            }
        }
        return byDistance.values().stream()
                .flatMap(names -> names.stream().sorted())
                .distinct()
                .limit(limit)
                .toList();
    }

    /**
     * The same kernel's symbols where KASLR moved it by {@code delta} bytes. Per-CPU and other absolute symbols stay; what was
     * loaded after boot, modules and JITed programs, is left out, for it moves by its own.
     */
    public Symbols slidBy(long delta) {
        Slid last = lastSlid.get();
        if (last == null || last.delta != delta) {
            last = new Slid(delta, copySlidBy(delta));
            lastSlid = new SoftReference<>(last);
        }
        return last.symbols;
    }

    private Symbols copySlidBy(long delta) {
        SymbolsBuilder builder = new SymbolsBuilder(data.count, 24 * data.count);
        for (int i = 0; i < data.count; i++) {
            if (data.isCore(i)) {
                long address = data.address(i);
                byte type = data.type(i);
                boolean fixed = type == 'A' || type == 'a' || Long.compareUnsigned(address, HIGHEST_PERCPU) < 0;
                byte[] name = data.name(i);
                builder.add(fixed ? address : address + delta, data.size(i), type, (short) 0, name, 0, name.length);
            }
        }
        return builder.build();
    }

    /**
     * These symbols and {@code more}, JITed programs mostly, which are kept with the sizes that they have and take the place of
     * loaded code at the same address.
     */
    public Symbols plus(Collection<Symbol> more) {
        NavigableMap<Long, Symbol> all = new TreeMap<>(Long::compareUnsigned);
        all.putAll(added);
        more.forEach(symbol -> all.put(symbol.address(), symbol));
        return new Symbols(data, all);
    }

    private String name(int index) {
        return new String(data.name(index), UTF_8);
    }

    private Symbol symbol(int index) {
        String module = data.module(index);
        return new Symbol(
                name(index),
                data.address(index),
                data.size(index),
                (char) data.type(index),
                module.isEmpty() ? Optional.empty() : Optional.of(module));
    }
}
