// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A kernel's symbols, sorted by address, from the text of /proc/kallsyms.
 *
 * <p>All symbols lie in a few arrays, for there are 150,000 of them and most runs ask for a dozen. Addresses compare unsigned.
 * Immutable.
 */
public final class Symbols {
    private static final int MAGIC = 0x6b73_6d32;
    private static final int PAGE = 4096;
    private static final long HIGHEST_PERCPU = 0x8000_0000L;
    private static final int MAX_EDITS = 4;

    /** Names of text's end; kallsyms types them as text, but no code lies behind them. */
    private static final byte[][] END_MARKS = {"_etext".getBytes(UTF_8), "_einittext".getBytes(UTF_8)};

    private final long[] addresses;
    private final int[] sizes;
    private final byte[] types;
    private final short[] modules;
    private final int[] nameStarts;
    private final byte[] names;
    private final String[] moduleNames;

    /** The indexes of the text symbols that have a size, the first one of each address only. */
    private final int[] text;

    /** An open hash table of indexes + 1, of the first symbol of each name in address order; 0 is free. */
    private final int[] table;

    private Symbols(Columns c, int[] text, int[] table) {
        this.addresses = c.addresses;
        this.sizes = c.sizes;
        this.types = c.types;
        this.modules = c.modules;
        this.nameStarts = c.nameStarts;
        this.names = c.names;
        this.moduleNames = c.moduleNames;
        this.text = text;
        this.table = table;
    }

    /** The symbols in address order, column by column; the names lie one after the other. */
    @SuppressWarnings("ArrayRecordComponent") // never compared, never leaves this file
    private record Columns(
            long[] addresses,
            int[] sizes,
            byte[] types,
            short[] modules,
            int[] nameStarts,
            byte[] names,
            String[] moduleNames) {}

    /**
     * Parses the text of /proc/kallsyms (format: kernel/kallsyms.c, s_show). Lines of another form are passed over.
     *
     * @throws IOException where it holds no symbol, or only zero addresses as for readers without privilege
     */
    public static Symbols parse(byte[] kallsyms) throws IOException {
        Builder builder = new Builder(kallsyms.length / 40 + 16, kallsyms.length / 2 + 16);
        boolean anyAddress = false;
        int position = 0;
        while (position < kallsyms.length) {
            int end = position;
            long address = 0;
            int digit;
            while (end < kallsyms.length && (digit = hexDigit(kallsyms[end])) >= 0) {
                address = address << 4 | digit;
                end++;
            }
            boolean wellFormed = end > position
                    && end + 3 < kallsyms.length
                    && kallsyms[end] == ' '
                    && kallsyms[end + 1] > ' '
                    && kallsyms[end + 2] == ' ';
            int nameStart = end + 3;
            int nameEnd = wellFormed ? nameStart : end;
            while (nameEnd < kallsyms.length && kallsyms[nameEnd] > ' ') {
                nameEnd++;
            }
            int lineEnd = nameEnd;
            while (lineEnd < kallsyms.length && kallsyms[lineEnd] != '\n') {
                lineEnd++;
            }
            if (wellFormed && nameEnd > nameStart) {
                anyAddress |= address != 0;
                short module = 0;
                if (nameEnd + 2 < lineEnd && kallsyms[nameEnd] == '\t' && kallsyms[nameEnd + 1] == '[') {
                    int close = lineEnd - 1;
                    while (close > nameEnd + 2 && kallsyms[close] != ']') {
                        close--;
                    }
                    module = builder.module(new String(kallsyms, nameEnd + 2, close - nameEnd - 2, UTF_8));
                }
                builder.add(
                        address, Builder.UNKNOWN, kallsyms[end + 1], module, kallsyms, nameStart, nameEnd - nameStart);
            }
            position = lineEnd + 1;
        }
        if (builder.count == 0) {
            throw new IOException(
                    "parse kallsyms: no symbol in " + kallsyms.length + " bytes: read /proc/kallsyms anew");
        }
        if (!anyAddress) {
            throw new IOException("parse kallsyms: all " + builder.count
                    + " addresses are zero: read /proc/kallsyms as root with kernel.kptr_restrict=0");
        }
        return builder.build();
    }

    private static int hexDigit(byte c) {
        if (c >= '0' && c <= '9') {
            return c - '0';
        }
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    }

    public int size() {
        return addresses.length;
    }

    /** The function that {@code address} lies in: empty outside of the kernel's text, modules and JITed programs. */
    public Optional<Symbol> at(long address) {
        int found = indexAt(address);
        return found < 0 ? Optional.empty() : Optional.of(symbol(found));
    }

    /** Whether {@link #at} finds a function, without making one. */
    public boolean isText(long address) {
        return indexAt(address) >= 0;
    }

    private int indexAt(long address) {
        int low = 0;
        int high = text.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (Long.compareUnsigned(addresses[text[middle]], address) <= 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        if (high < 0) {
            return -1;
        }
        int index = text[high];
        return Long.compareUnsigned(address - addresses[index], sizes[index]) < 0 ? index : -1;
    }

    /** The address of the symbol of this name; of several the kernel's own before a module's, then the lowest. */
    public OptionalLong address(String name) {
        int first = firstNamed(name.getBytes(UTF_8));
        if (first < 0) {
            return OptionalLong.empty();
        }
        return modules[first] == 0
                ? OptionalLong.of(addresses[first])
                : OptionalLong.of(named(name).get(0).address());
    }

    /** All symbols of this name, the kernel's own first, then by address: static functions share names. */
    public List<Symbol> named(String name) {
        byte[] wanted = name.getBytes(UTF_8);
        List<Symbol> found = new ArrayList<>();
        int first = firstNamed(wanted);
        for (int i = first; i >= 0 && i < addresses.length; i++) {
            if (hasName(i, wanted)) {
                found.add(symbol(i));
            }
        }
        found.sort(Comparator.comparing(s -> s.module().isPresent()));
        return found;
    }

    /**
     * The names most like {@code name}, best first: what the compiler made of it ({@code name.isra.0}), then the ones with the
     * fewest typing mistakes.
     */
    public List<String> near(String name, int limit) {
        byte[] wanted = name.getBytes(UTF_8);
        int budget = Math.min(MAX_EDITS, Math.max(1, wanted.length / 4));
        Map<Integer, List<String>> byDistance = new TreeMap<>();
        int[] row = new int[wanted.length + 1];
        for (int i = 0; i < addresses.length; i++) {
            int length = nameStarts[i + 1] - nameStarts[i];
            boolean compilerMade = length > wanted.length
                    && names[nameStarts[i] + wanted.length] == '.'
                    && Arrays.equals(names, nameStarts[i], nameStarts[i] + wanted.length, wanted, 0, wanted.length);
            int distance = compilerMade ? 0 : distance(wanted, i, row, budget);
            if (distance <= budget) {
                byDistance.computeIfAbsent(distance, d -> new ArrayList<>()).add(name(i));
            }
        }
        return byDistance.values().stream()
                .flatMap(List::stream)
                .distinct()
                .limit(limit)
                .toList();
    }

    private int distance(byte[] wanted, int index, int[] row, int budget) {
        int start = nameStarts[index];
        int length = nameStarts[index + 1] - start;
        if (Math.abs(length - wanted.length) > budget) {
            return budget + 1;
        }
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= length; i++) {
            int diagonal = row[0];
            row[0] = i;
            int best = i;
            for (int j = 1; j < row.length; j++) {
                int substitute = diagonal + (names[start + i - 1] == wanted[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substitute, 1 + Math.min(row[j], row[j - 1]));
                best = Math.min(best, row[j]);
            }
            if (best > budget) {
                return budget + 1;
            }
        }
        return row[wanted.length];
    }

    /**
     * The same kernel's symbols where KASLR moved it by {@code delta} bytes. Per-CPU and other absolute symbols stay; what was
     * loaded after boot, modules and JITed programs, is left out, for it moves by its own.
     */
    public Symbols slidBy(long delta) {
        Builder builder = new Builder(addresses.length, names.length);
        for (int i = 0; i < addresses.length; i++) {
            if (modules[i] == 0) {
                boolean fixed =
                        types[i] == 'A' || types[i] == 'a' || Long.compareUnsigned(addresses[i], HIGHEST_PERCPU) < 0;
                builder.add(
                        fixed ? addresses[i] : addresses[i] + delta,
                        sizes[i],
                        types[i],
                        (short) 0,
                        names,
                        nameStarts[i],
                        nameLength(i));
            }
        }
        return builder.build();
    }

    /**
     * These symbols and {@code more}, JITed programs mostly, which are kept with the sizes that they have and take the place of
     * loaded code at the same address.
     */
    public Symbols plus(Collection<Symbol> more) {
        Builder builder = new Builder(addresses.length + more.size(), names.length + 64 * more.size());
        Set<Long> replaced = new HashSet<>();
        for (Symbol symbol : more) {
            replaced.add(symbol.address());
            byte[] name = symbol.name().getBytes(UTF_8);
            builder.add(
                    symbol.address(),
                    (int) Math.min(Integer.MAX_VALUE, symbol.size()),
                    (byte) symbol.type(),
                    builder.module(symbol.module().orElse("")),
                    name,
                    0,
                    name.length);
        }
        for (int i = 0; i < addresses.length; i++) {
            if (!replaced.contains(addresses[i]) || modules[i] == 0) {
                short module = builder.module(moduleNames[modules[i]]);
                builder.add(addresses[i], sizes[i], types[i], module, names, nameStarts[i], nameLength(i));
            }
        }
        return builder.build();
    }

    private Symbol symbol(int index) {
        String module = moduleNames[modules[index]];
        return new Symbol(
                name(index),
                addresses[index],
                sizes[index],
                (char) types[index],
                module.isEmpty() ? Optional.empty() : Optional.of(module));
    }

    private String name(int index) {
        return new String(names, nameStarts[index], nameLength(index), UTF_8);
    }

    private int nameLength(int index) {
        return nameStarts[index + 1] - nameStarts[index];
    }

    private boolean hasName(int index, byte[] name) {
        return Arrays.equals(names, nameStarts[index], nameStarts[index + 1], name, 0, name.length);
    }

    private int firstNamed(byte[] name) {
        int mask = table.length - 1;
        for (int slot = hash(name, 0, name.length) & mask; table[slot] != 0; slot = slot + 1 & mask) {
            if (hasName(table[slot] - 1, name)) {
                return table[slot] - 1;
            }
        }
        return -1;
    }

    private static int hash(byte[] bytes, int start, int length) {
        int hash = 0;
        for (int i = start; i < start + length; i++) {
            hash = 31 * hash + bytes[i];
        }
        return hash ^ hash >>> 15;
    }

    /** Writes the binary form that {@link #read} loads without parsing. A half-written file never shows under {@code file}. */
    public void write(Path file) throws IOException {
        byte[] moduleBytes = String.join("\n", moduleNames).getBytes(UTF_8);
        int count = addresses.length;
        ByteBuffer out = ByteBuffer.allocate(Header.BYTES
                        + count * (Long.BYTES + Integer.BYTES + Integer.BYTES + Short.BYTES + 1)
                        + Integer.BYTES * (1 + text.length + table.length)
                        + names.length
                        + moduleBytes.length)
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int field : new int[] {MAGIC, count, text.length, table.length, names.length, moduleBytes.length}) {
            out.putInt(field);
        }
        out.asLongBuffer().put(addresses);
        out.position(out.position() + count * Long.BYTES);
        putInts(out, sizes);
        putInts(out, nameStarts);
        putInts(out, text);
        putInts(out, table);
        out.asShortBuffer().put(modules);
        out.position(out.position() + count * Short.BYTES);
        out.put(types).put(names).put(moduleBytes);
        Path directory = file.toAbsolutePath().getParent();
        Path partial = Files.createTempFile(directory, file.getFileName().toString(), ".part");
        try {
            Files.write(partial, out.array());
            try {
                Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING);
            }
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    /**
     * Loads what {@link #write} wrote.
     *
     * @throws IOException where the file is unreadable, damaged or of another version: parse the kernel's text again
     */
    public static Symbols read(Path file) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        Header header = Header.of(in);
        if (header == null) {
            throw new IOException("read symbols from " + file + ": damaged or of another version: delete it");
        }
        long[] addresses = new long[header.count];
        in.asLongBuffer().get(addresses);
        in.position(in.position() + header.count * Long.BYTES);
        int[] sizes = getInts(in, header.count);
        int[] nameStarts = getInts(in, header.count + 1);
        int[] text = getInts(in, header.text);
        int[] table = getInts(in, header.table);
        short[] modules = new short[header.count];
        in.asShortBuffer().get(modules);
        in.position(in.position() + header.count * Short.BYTES);
        byte[] types = new byte[header.count];
        byte[] names = new byte[header.names];
        byte[] moduleBytes = new byte[header.modules];
        in.get(types).get(names).get(moduleBytes);
        String[] moduleNames = new String(moduleBytes, UTF_8).split("\n", -1);
        return new Symbols(new Columns(addresses, sizes, types, modules, nameStarts, names, moduleNames), text, table);
    }

    private record Header(int count, int text, int table, int names, int modules) {
        static final int BYTES = 6 * Integer.BYTES;

        /** Null where the lengths do not add up to the file's. */
        static @Nullable Header of(ByteBuffer in) {
            if (in.remaining() < BYTES || in.getInt() != MAGIC) {
                return null;
            }
            Header h = new Header(in.getInt(), in.getInt(), in.getInt(), in.getInt(), in.getInt());
            if (h.count < 0 || h.text < 0 || h.table < 1 || h.names < 0 || h.modules < 0) {
                return null;
            }
            long body = (long) h.count * (Long.BYTES + 2 * Integer.BYTES + Short.BYTES + 1)
                    + Integer.BYTES * (1L + h.text + h.table)
                    + h.names
                    + h.modules;
            return body == in.remaining() && Integer.bitCount(h.table) == 1 && h.table > h.count ? h : null;
        }
    }

    private static void putInts(ByteBuffer out, int[] values) {
        out.asIntBuffer().put(values);
        out.position(out.position() + values.length * Integer.BYTES);
    }

    private static int[] getInts(ByteBuffer in, int length) {
        int[] values = new int[length];
        in.asIntBuffer().get(values);
        in.position(in.position() + length * Integer.BYTES);
        return values;
    }

    /** Takes symbols in any order and lays them out. */
    private static final class Builder {
        private static final int UNKNOWN = -1;

        private long[] addresses;
        private int[] sizes;
        private byte[] types;
        private short[] modules;
        private int[] nameStarts;
        private byte[] names;
        private int nameEnd;
        private int count;
        private final List<String> moduleNames = new ArrayList<>(List.of(""));
        private short lastModule;

        Builder(int symbols, int nameBytes) {
            addresses = new long[symbols];
            sizes = new int[symbols];
            types = new byte[symbols];
            modules = new short[symbols];
            nameStarts = new int[symbols];
            names = new byte[nameBytes];
        }

        short module(String name) {
            // Symbols of one module come in one run.
            if (!moduleNames.get(lastModule).equals(name)) {
                int known = moduleNames.indexOf(name);
                if (known < 0) {
                    if (moduleNames.size() > Short.MAX_VALUE) {
                        return 0;
                    }
                    known = moduleNames.size();
                    moduleNames.add(name);
                }
                lastModule = (short) known;
            }
            return lastModule;
        }

        void add(long address, int size, byte type, short module, byte[] name, int start, int length) {
            if (count == addresses.length) {
                int larger = count + count / 2 + 16;
                addresses = Arrays.copyOf(addresses, larger);
                sizes = Arrays.copyOf(sizes, larger);
                types = Arrays.copyOf(types, larger);
                modules = Arrays.copyOf(modules, larger);
                nameStarts = Arrays.copyOf(nameStarts, larger);
            }
            if (names.length - nameEnd < length) {
                names = Arrays.copyOf(names, names.length + names.length / 2 + length);
            }
            System.arraycopy(name, start, names, nameEnd, length);
            addresses[count] = address;
            sizes[count] = size;
            types[count] = type;
            modules[count] = module;
            nameStarts[count++] = nameEnd;
            nameEnd += length;
        }

        Symbols build() {
            Columns c = inAddressOrder();
            deriveSizes(c);
            return new Symbols(c, text(c), table(c));
        }

        private Columns inAddressOrder() {
            int[] order = order();
            long[] sortedAddresses = new long[count];
            int[] sortedSizes = new int[count];
            byte[] sortedTypes = new byte[count];
            short[] sortedModules = new short[count];
            int[] sortedStarts = new int[count + 1];
            byte[] sortedNames = new byte[nameEnd];
            int at = 0;
            for (int i = 0; i < count; i++) {
                int from = order[i];
                int length = (from + 1 < count ? nameStarts[from + 1] : nameEnd) - nameStarts[from];
                sortedAddresses[i] = addresses[from];
                sortedSizes[i] = sizes[from];
                sortedTypes[i] = types[from];
                sortedModules[i] = modules[from];
                sortedStarts[i] = at;
                System.arraycopy(names, nameStarts[from], sortedNames, at, length);
                at += length;
            }
            sortedStarts[count] = at;
            return new Columns(
                    sortedAddresses,
                    sortedSizes,
                    sortedTypes,
                    sortedModules,
                    sortedStarts,
                    sortedNames,
                    moduleNames.toArray(String[]::new));
        }

        /** A stable merge sort; the kernel's own symbols come sorted, so most merges end at the first comparison. */
        private int[] order() {
            int[] order = new int[count];
            for (int i = 0; i < count; i++) {
                order[i] = i;
            }
            int[] merged = new int[count];
            for (long width = 1; width < count; width *= 2) {
                for (long low = 0; low < count; low += 2 * width) {
                    int middle = (int) Math.min(low + width, count);
                    int high = (int) Math.min(low + 2 * width, count);
                    merge(order, merged, (int) low, middle, high);
                }
                int[] swap = order;
                order = merged;
                merged = swap;
            }
            return order;
        }

        private void merge(int[] from, int[] to, int low, int middle, int high) {
            if (middle == high || !before(from[middle], from[middle - 1])) {
                System.arraycopy(from, low, to, low, high - low);
                return;
            }
            int left = low;
            int right = middle;
            for (int i = low; i < high; i++) {
                boolean takeRight = left == middle || (right < high && before(from[right], from[left]));
                to[i] = takeRight ? from[right++] : from[left++];
            }
        }

        private boolean before(int a, int b) {
            return Long.compareUnsigned(addresses[a], addresses[b]) < 0;
        }

        /** A symbol reaches to the next one; a module's last one at most to the end of the page after its own. */
        private static void deriveSizes(Columns c) {
            for (int i = c.addresses.length - 1, next = i + 1; i >= 0; i--) {
                if (i + 1 < c.addresses.length && c.addresses[i + 1] != c.addresses[i]) {
                    next = i + 1;
                }
                if (c.sizes[i] == UNKNOWN) {
                    long pages = (c.addresses[i] | PAGE - 1) + 1 + PAGE - c.addresses[i];
                    boolean lastOfItsModule = next == c.addresses.length || c.modules[next] != c.modules[i];
                    long gap = next == c.addresses.length ? pages : c.addresses[next] - c.addresses[i];
                    long size = lastOfItsModule && Long.compareUnsigned(gap, pages) > 0 ? pages : gap;
                    c.sizes[i] = (int) Math.min(size & Long.MAX_VALUE, Integer.MAX_VALUE);
                }
            }
        }

        private static int[] text(Columns c) {
            int[] text = new int[c.addresses.length];
            int length = 0;
            for (int i = 0; i < text.length; i++) {
                boolean alias = length > 0 && c.addresses[text[length - 1]] == c.addresses[i];
                if (Symbol.isText(c.types[i]) && !alias && c.sizes[i] > 0 && !isEndMark(c, i)) {
                    text[length++] = i;
                }
            }
            return Arrays.copyOf(text, length);
        }

        private static boolean isEndMark(Columns c, int index) {
            int start = c.nameStarts[index];
            for (byte[] mark : END_MARKS) {
                if (c.names[start] == '_'
                        && Arrays.equals(c.names, start, c.nameStarts[index + 1], mark, 0, mark.length)) {
                    return true;
                }
            }
            return false;
        }

        private static int[] table(Columns c) {
            int count = c.addresses.length;
            int[] table = new int[Integer.highestOneBit(Math.max(count, 1)) * 4];
            int mask = table.length - 1;
            for (int i = 0; i < count; i++) {
                int start = c.nameStarts[i];
                int end = c.nameStarts[i + 1];
                int slot = hash(c.names, start, end - start) & mask;
                while (table[slot] != 0
                        && !Arrays.equals(
                                c.names,
                                start,
                                end,
                                c.names,
                                c.nameStarts[table[slot] - 1],
                                c.nameStarts[table[slot]])) {
                    slot = slot + 1 & mask;
                }
                if (table[slot] == 0) {
                    table[slot] = i + 1;
                }
            }
            return table;
        }
    }
}
