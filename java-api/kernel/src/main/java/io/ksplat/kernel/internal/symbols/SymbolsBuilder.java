// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.symbols;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Takes symbols in any order, and sorts and indexes them for {@link Symbols}. */
final class SymbolsBuilder {
    /** The size of a symbol that extends to the next one. */
    static final int UNKNOWN = -1;

    private static final int PAGE = 4096;

    /** A kernel takes some millions: symbols of one name follow each other, and a hostile guest has nothing else. */
    private static final long MOST_STEPS = 1L << 30;

    /** Symbols at the end of text: kallsyms gives them the type of code, but no code follows. */
    private static final byte[][] END_MARKS = {"_etext".getBytes(UTF_8), "_einittext".getBytes(UTF_8)};

    /** The symbols in address order, by column; the names follow each other without separators. */
    @SuppressWarnings("ArrayRecordComponent") // never compared, private to this file
    private record Columns(
            long[] addresses, int[] sizes, byte[] types, short[] modules, int[] nameStarts, byte[] names) {}

    private long[] addresses;
    private int[] sizes;
    private byte[] types;
    private short[] modules;
    private int[] nameStarts;
    private byte[] names;
    private int nameEnd;
    private int count;
    private final List<String> moduleNames = new ArrayList<>(List.of(""));
    private final Map<String, Short> modulesByName = new HashMap<>(Map.of("", (short) 0));
    private short lastModule;

    SymbolsBuilder(int symbols, int nameBytes) {
        addresses = new long[symbols];
        sizes = new int[symbols];
        types = new byte[symbols];
        modules = new short[symbols];
        nameStarts = new int[symbols];
        names = new byte[nameBytes];
    }

    short module(String name) {
        // The symbols of a module follow each other.
        if (!moduleNames.get(lastModule).equals(name)) {
            Short known = modulesByName.get(name);
            if (known == null) {
                if (moduleNames.size() > Short.MAX_VALUE) {
                    return 0;
                }
                known = (short) moduleNames.size();
                moduleNames.add(name);
                modulesByName.put(name, known);
            }
            lastModule = known;
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

    int count() {
        return count;
    }

    Symbols build() throws IOException {
        Columns c = inAddressOrder();
        deriveSizes(c);
        return new Symbols(SymbolData.pack(
                c.addresses, c.sizes, c.nameStarts, text(c), table(c), c.modules, c.types, c.names, moduleNames));
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
        return new Columns(sortedAddresses, sortedSizes, sortedTypes, sortedModules, sortedStarts, sortedNames);
    }

    /** Sorts by a stable merge sort. The kernel's symbols come sorted, so most merges end at the first comparison. */
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

    /** Sets unknown sizes: up to the next symbol, but for the last one of a module at most to the end of the page after its own. */
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
            if (SymbolType.isText(c.types[i]) && !alias && c.sizes[i] > 0 && !isEndMark(c, i)) {
                text[length++] = i;
            }
        }
        return Arrays.copyOf(text, length);
    }

    private static boolean isEndMark(Columns c, int index) {
        int start = c.nameStarts[index];
        for (byte[] mark : END_MARKS) {
            if (c.names[start] == '_' && Arrays.equals(c.names, start, c.nameStarts[index + 1], mark, 0, mark.length)) {
                return true;
            }
        }
        return false;
    }

    /** Makes a hash table by name with linear probing. Symbols of one name follow each other in address order. */
    private static int[] table(Columns c) throws IOException {
        long steps = 0;
        int count = c.addresses.length;
        int[] table = new int[Integer.highestOneBit(Math.max(count, 1)) * 4];
        int mask = table.length - 1;
        for (int i = 0; i < count; i++) {
            int start = c.nameStarts[i];
            int end = c.nameStarts[i + 1];
            int slot = SymbolData.hash(c.names, start, end) & mask;
            while (table[slot] != 0) {
                slot = slot + 1 & mask;
                steps++;
            }
            if (steps > MOST_STEPS) {
                throw new IOException(
                        "index symbols: too many of " + count + " have the same name: they are no kernel's");
            }
            table[slot] = i + 1;
        }
        return table;
    }
}
