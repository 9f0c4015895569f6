// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import java.util.Map;

/**
 * Flags of a program's load (include/uapi/linux/bpf.h).
 *
 * @param always set in any case
 * @param ifKnown set if the kernel knows them
 */
record LoadFlags(int always, int ifKnown) {
    private static final int RND_HI32 = 1 << 2;
    private static final int REG_INVARIANTS = 1 << 7;

    /** test_loader sets these where a kernel takes them (testing_helpers.c, testing_prog_flags()). */
    static final LoadFlags USUAL = new LoadFlags(0, RND_HI32 | REG_INVARIANTS);

    private static final Map<String, Integer> NAMES = Map.of(
            "BPF_F_STRICT_ALIGNMENT", 1,
            "BPF_F_ANY_ALIGNMENT", 1 << 1,
            "BPF_F_TEST_RND_HI32", RND_HI32,
            "BPF_F_TEST_STATE_FREQ", 1 << 3,
            "BPF_F_SLEEPABLE", 1 << 4,
            "BPF_F_XDP_HAS_FRAGS", 1 << 5,
            "BPF_F_TEST_REG_INVARIANTS", REG_INVARIANTS);

    /**
     * Returns these with one more, or without it if a {@code !} stands before its name.
     *
     * @throws IllegalArgumentException if there is no such flag
     */
    LoadFlags with(String word) {
        boolean clear = word.startsWith("!");
        String name = clear ? word.substring(1) : word;
        Integer named = NAMES.get(name);
        int flag = named == null ? Numbers.integer(name, "__flag") : named;
        return clear ? new LoadFlags(always & ~flag, ifKnown & ~flag) : new LoadFlags(always | flag, ifKnown);
    }
}
