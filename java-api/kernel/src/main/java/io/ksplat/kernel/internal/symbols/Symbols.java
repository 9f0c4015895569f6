// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.symbols;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.EditDistance;
import java.io.IOException;
import java.io.UncheckedIOException;
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
 * The symbols of a kernel, sorted by address, from the text of /proc/kallsyms.
 *
 * <p>All symbols lie in one array of bytes: there are up to 200,000, and most runs ask for a dozen. Addresses are compared as unsigned
 * numbers. Immutable.
 */
public final class Symbols {
    /** The version of the format that {@link #write} writes. A cache of such files needs it in its key. */
    public static final int FORMAT = SymbolData.MAGIC;

    private static final long HIGHEST_PERCPU = 0x8000_0000L;

    /** The bytes before a function that an ftrace site or a call thunk needs (CONFIG_CALL_PADDING): no function. */
    private static final String PADDING = "__pfx_";
    /** So many names stand in a message. */
    private static final int HINTS = 5;

    private static final int MAX_EDITS = 4;

    /** The longest prefix that tells variants of a function apart, such as {@code native_} and {@code __arm64_}. */
    private static final int PREFIX = 8;
    /** Shorter parts of a name are in many others. */
    private static final int PART = 10;

    /** Names that are shorter end too many others. */
    private static final int TELLING = 12;

    private final SymbolData data;

    /** The added symbols, by address: a few, kept beside the others to avoid another copy of 10 MB. */
    private final NavigableMap<Long, Symbol> added;

    /** The machines of a template have the same KASLR offset, and a copy takes some 10 MB. */
    private volatile SoftReference<Relocated> lastRelocated = new SoftReference<>(null);

    private record Relocated(long delta, Symbols symbols) {}

    Symbols(SymbolData data) {
        this(data, Collections.emptyNavigableMap());
    }

    private Symbols(SymbolData data, NavigableMap<Long, Symbol> added) {
        this.data = data;
        this.added = added;
    }

    /**
     * Parses the text of /proc/kallsyms (format: kernel/kallsyms.c, s_show). Skips lines of another form.
     *
     * @throws IOException if it has no symbols, or only zero addresses, which an unprivileged reader gets
     */
    public static Symbols parse(byte[] kallsyms) throws IOException {
        return Kallsyms.parse(kallsyms);
    }

    /**
     * Maps a file that {@link #write} wrote, without parsing or copying it.
     *
     * @throws IOException if the file is unreadable, damaged or of another version: parse the kernel's text again
     */
    public static Symbols read(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return new Symbols(new SymbolData(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size())));
        } catch (IllegalArgumentException e) {
            throw new IOException("read symbols from " + file + ": " + e.getMessage() + ": delete the file", e);
        }
    }

    /**
     * Writes the symbols for {@link #read}, without those that {@link #plus} added: they belong to one machine. The file appears whole
     * or not at all.
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

    /** Returns the number of symbols, without the added ones. */
    int size() {
        return data.count;
    }

    /** Finds the function at an address: empty outside of the kernel's text, modules and JITed programs. */
    public Optional<Symbol> at(long address) {
        int index = textUpTo(address);
        Symbol symbolAdded = addedUpTo(address, index);
        if (symbolAdded != null) {
            return Optional.of(symbolAdded).filter(found -> covers(found, address) && found.isText());
        }
        return covers(index, address) ? Optional.of(symbol(index)) : Optional.empty();
    }

    /** Returns whether {@link #at} finds a function, mostly without making an object for it. */
    public boolean isText(long address) {
        int index = textUpTo(address);
        return addedUpTo(address, index) == null
                ? covers(index, address)
                : at(address).isPresent();
    }

    /** Finds the symbol of any type, data too, that covers an address. */
    public Optional<Symbol> covering(long address) {
        int index = lastUpTo(address);
        // If several have this address, the first one has the size.
        while (index > 0 && data.address(index - 1) == data.address(index)) {
            index--;
        }
        Symbol symbolAdded = addedUpTo(address, index);
        if (symbolAdded != null) {
            return Optional.of(symbolAdded).filter(found -> covers(found, address));
        }
        return covers(index, address) ? Optional.of(symbol(index)) : Optional.empty();
    }

    /**
     * Finds the last added symbol at or below the address, unless the symbol of {@code index} lies above that one. A module's symbol
     * does not count inside of an added one: the module may lie elsewhere in this boot, or be gone.
     */
    private @Nullable Symbol addedUpTo(long address, int index) {
        Map.Entry<Long, Symbol> last = added.floorEntry(address);
        if (last == null) {
            return null;
        }
        boolean nearer = index >= 0 && Long.compareUnsigned(last.getKey(), data.address(index)) < 0;
        return nearer && (data.isCore(index) || !covers(last.getValue(), address)) ? null : last.getValue();
    }

    private static boolean covers(Symbol symbol, long address) {
        return Long.compareUnsigned(address - symbol.address(), symbol.size()) < 0;
    }

    private boolean covers(int index, long address) {
        return index >= 0 && Long.compareUnsigned(address - data.address(index), data.size(index)) < 0;
    }

    /** Returns whether an added symbol replaces this one. */
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

    /** Finds the last of {@code count} sorted addresses that is not above {@code address}; -1 if all are. */
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

    /** Returns the address of the symbol of this name. If there are several: the kernel's before a module's, then the lowest. */
    public OptionalLong address(String name) {
        int first = data.firstNamed(name.getBytes(UTF_8));
        if (first >= 0 && data.isCore(first)) {
            return OptionalLong.of(data.address(first));
        }
        return named(name).stream().mapToLong(Symbol::address).findFirst();
    }

    /** Returns all symbols of this name, the kernel's before a module's, then by address: static functions share names. */
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

    /** Returns whether a name is a long one behind a word, as {@code native_} or {@code __do_}. */
    private static boolean isPrefixed(String whole, String rest) {
        return rest.length() >= TELLING && whole.length() <= rest.length() + PREFIX && whole.endsWith("_" + rest);
    }

    /** Returns the few names that are most like one, as the end of a message; empty if there are none. */
    public String hint(String name) {
        List<String> near = near(name, HINTS);
        return near.isEmpty() ? "" : "; near: " + String.join(", ", near);
    }

    /**
     * Returns the kernel's other names that are most like {@code name}, best first: those that the compiler derived from it
     * ({@code name.isra.0}), then those with a prefix more or less ({@code native_name}), those with the smallest edit distance, and those
     * that have most of it in them.
     */
    public List<String> near(String name, int limit) {
        byte[] compilerPrefix = (name + ".").getBytes(UTF_8);
        int budget = Math.min(MAX_EDITS, Math.max(1, name.length() / 4));
        // Most of the name with something else before and behind it.
        String part = name.substring(0, name.length() * 3 / 4);
        String end = name.substring(name.length() / 4);
        Map<Integer, Set<String>> byDistance = new TreeMap<>();
        for (int i = 0; i < data.count; i++) {
            boolean derived = data.startsWith(i, compilerPrefix);
            int longer = data.nameLength(i) - name.length();
            // Most names differ in length: make no string of those.
            if (!derived && Math.abs(longer) > Math.max(budget, PREFIX)) {
                continue;
            }
            String other = name(i);
            if (other.equals(name) || other.startsWith(PADDING)) {
                continue;
            }
            int distance = derived
                    ? 0
                    : isPrefixed(name, other) || isPrefixed(other, name)
                            ? 1
                            : Math.abs(longer) > budget ? budget + 1 : EditDistance.between(name, other, budget);
            boolean hasMost = part.length() >= PART && (other.contains(part) || other.contains(end));
            if (distance <= budget || hasMost) {
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
     * Returns the symbols of the same kernel after KASLR moved it by {@code delta} bytes. Per-CPU and other absolute symbols stay.
     * Modules and JITed programs are left out: each is loaded somewhere else.
     */
    public Symbols slidBy(long delta) {
        Relocated last = lastRelocated.get();
        if (last == null || last.delta != delta) {
            last = new Relocated(delta, copyRelocatedBy(delta));
            lastRelocated = new SoftReference<>(last);
        }
        return last.symbols;
    }

    /** Returns the kernel's own symbols: modules lie elsewhere in each boot. */
    public Symbols withoutModules() {
        return copyRelocatedBy(0);
    }

    private Symbols copyRelocatedBy(long delta) {
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
        try {
            return builder.build();
        } catch (IOException e) {
            throw new UncheckedIOException("a part of what could be indexed", e);
        }
    }

    /**
     * Returns these symbols and {@code more}, for example JITed programs. An added symbol keeps its size and replaces a module's or a
     * program's at the same address.
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
