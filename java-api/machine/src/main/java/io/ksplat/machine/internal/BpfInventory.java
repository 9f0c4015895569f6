// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.bpf.internal.libbpf.KernelBtf;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a kernel has for BPF programs, by its BTF.
 *
 * @param maps types of maps, {@code BPF_MAP_TYPE_HASH} say
 * @param helpers {@code bpf_map_lookup_elem} say, with their numbers
 * @param kfuncs with their BTF ids; empty, too, if the BTF does not mark them
 * @param releases those of the kfuncs that give up a reference and have a destructor, {@link #DESTRUCTOR}
 */
public record BpfInventory(
        List<String> maps,
        SortedMap<String, Integer> helpers,
        SortedMap<String, Integer> kfuncs,
        List<String> releases) {
    /** Behind the name of the kfunc: what the kernel calls when a map lets go of a reference. */
    public static final String DESTRUCTOR = "_dtor";

    private static final String MAP = "BPF_MAP_TYPE_";
    private static final String HELPER = "BPF_FUNC_";

    public BpfInventory {
        maps = List.copyOf(maps);
        helpers = Collections.unmodifiableSortedMap(new TreeMap<>(helpers));
        kfuncs = Collections.unmodifiableSortedMap(new TreeMap<>(kfuncs));
        releases = List.copyOf(releases);
    }

    static BpfInventory of(KernelBtf btf) {
        SortedMap<String, Integer> kfuncs = btf.kfuncs();
        return new BpfInventory(
                btf.values("bpf_map_type").keySet().stream()
                        .filter(name ->
                                name.startsWith(MAP) && !name.endsWith("_UNSPEC") && !name.endsWith("_DEPRECATED"))
                        .toList(),
                helpers(btf.values("bpf_func_id")),
                kfuncs,
                kfuncs.keySet().stream()
                        .filter(kfunc -> btf.hasFunction(kfunc + DESTRUCTOR))
                        .toList());
    }

    private static SortedMap<String, Integer> helpers(Map<String, Long> enumerated) {
        SortedMap<String, Integer> helpers = new TreeMap<>();
        enumerated.forEach((name, number) -> {
            if (name.startsWith(HELPER) && !name.equals(HELPER + "unspec")) {
                helpers.put("bpf_" + name.substring(HELPER.length()), Math.toIntExact(number));
            }
        });
        return helpers;
    }
}
