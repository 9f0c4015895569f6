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
 * @param name its name in the source; for the maps that libbpf makes of data sections, the section's (".bss")
 * @param type libbpf's word for the map type ("hash", "array")
 * @param keySize in bytes
 * @param valueSize in bytes
 * @param maxEntries 0 where it is set before loading
 * @param dataSection whether it holds the globals of a data section
 * @param key empty where the object does not tell, by {@code __type(key, ...)} say
 * @param value as {@code key}
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
