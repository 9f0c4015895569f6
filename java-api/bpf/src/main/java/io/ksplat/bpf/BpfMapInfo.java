// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import java.util.Optional;

/**
 * A map in an object file.
 *
 * <pre>{@code
 * BpfMapInfo slots = file.map("slots");
 * System.out.println(slots.name() + ": " + slots.maxEntries());
 * }</pre>
 *
 * @param name its name in the source; the name of the section (".bss") if libbpf makes it from a data section
 * @param type libbpf's name of the map type ("hash", "array")
 * @param keySize the size of a key in bytes
 * @param valueSize the size of a value in bytes
 * @param maxEntries the number of elements; 0 if it is set before loading
 * @param dataSection whether it holds the global variables of a data section
 * @param key the type of a key; empty if the object does not tell it, for example by {@code __type(key, ...)}
 * @param value the type of a value, as {@code key}
 */
public record BpfMapInfo(
        String name,
        String type,
        int keySize,
        int valueSize,
        int maxEntries,
        boolean dataSection,
        Optional<BtfType> key,
        Optional<BtfType> value) {}
