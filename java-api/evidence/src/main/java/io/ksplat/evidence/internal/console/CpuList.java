// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.util.ArrayList;
import java.util.List;

/** The kernel's lists of CPUs, {@code 0-2,5} (%*pbl, lib/vsprintf.c). */
final class CpuList {
    /** NR_CPUS is at most this (arch/x86/Kconfig); a torn list must not fill the memory. */
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
