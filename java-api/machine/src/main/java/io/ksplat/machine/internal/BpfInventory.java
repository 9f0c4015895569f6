// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.bpf.internal.libbpf.KernelBtf;
import java.util.List;

/**
 * What a kernel has for BPF programs, by its BTF.
 *
 * @param maps types of maps, {@code BPF_MAP_TYPE_HASH} say
 * @param helpers {@code bpf_map_lookup_elem} say
 * @param kfuncs empty, too, if the BTF does not mark them
 * @param releases those of the kfuncs that give up a reference and have a destructor, {@link #DESTRUCTOR}
 */
public record BpfInventory(List<String> maps, List<String> helpers, List<String> kfuncs, List<String> releases) {
    /** Behind the name of the kfunc: what the kernel calls when a map lets go of a reference. */
    public static final String DESTRUCTOR = "_dtor";

    private static final String MAP = "BPF_MAP_TYPE_";
    private static final String HELPER = "BPF_FUNC_";

    public BpfInventory {
        maps = List.copyOf(maps);
        helpers = List.copyOf(helpers);
        kfuncs = List.copyOf(kfuncs);
        releases = List.copyOf(releases);
    }

    static BpfInventory of(KernelBtf btf) {
        List<String> kfuncs = List.copyOf(btf.kfuncs());
        return new BpfInventory(
                btf.values("bpf_map_type").keySet().stream()
                        .filter(name ->
                                name.startsWith(MAP) && !name.endsWith("_UNSPEC") && !name.endsWith("_DEPRECATED"))
                        .toList(),
                btf.values("bpf_func_id").keySet().stream()
                        .filter(name -> name.startsWith(HELPER) && !name.equals(HELPER + "unspec"))
                        .map(name -> "bpf_" + name.substring(HELPER.length()))
                        .toList(),
                kfuncs,
                kfuncs.stream()
                        .filter(kfunc -> btf.hasFunction(kfunc + DESTRUCTOR))
                        .toList());
    }
}
