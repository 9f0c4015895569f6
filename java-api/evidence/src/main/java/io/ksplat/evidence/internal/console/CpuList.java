// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.util.ArrayList;
import java.util.List;

/** Reads the kernel's lists of CPUs, {@code 0-2,5} (%*pbl, lib/vsprintf.c). */
final class CpuList {
    /** The maximum of NR_CPUS (arch/x86/Kconfig). It bounds the memory that a torn list can take. */
    private static final int MOST = 8192;

    private CpuList() {}

    static List<Integer> read(String list) {
        List<Integer> cpus = new ArrayList<>();
        for (String range : list.split(",", -1)) {
            String[] ends = range.split("-", 2);
            if (ends[0].matches("\\d{1,4}") && (ends.length == 1 || ends[1].matches("\\d{1,4}"))) {
                int last = Integer.parseInt(ends[ends.length - 1]);
                for (int cpu = Integer.parseInt(ends[0]); cpu <= last && cpus.size() < MOST; cpu++) {
                    cpus.add(cpu);
                }
            }
        }
        return cpus;
    }
}
