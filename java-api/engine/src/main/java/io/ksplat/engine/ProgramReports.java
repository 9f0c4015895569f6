// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.bpf.BpfProgram;
import io.ksplat.bpf.Global;
import io.ksplat.engine.internal.ReportedRefusals;

/**
 * What programs report of themselves: locks that they were refused, and what the kernel wrote to their streams about it.
 *
 * <pre>{@code
 * machine.programReports().refused("locks[0]", bpf.global("result")).stderrOf(bpf.program("take_two"));
 * }</pre>
 */
public final class ProgramReports {
    private final ReportedRefusals reports;

    /** Makes the reports of a run; only the engine calls this. */
    public ProgramReports(ReportedRefusals reports) {
        this.reports = reports;
    }

    /**
     * Watches a global in which a program keeps what taking a lock returned.
     *
     * @param lock what it tried to take, in words
     * @param result 0, or a negative errno
     */
    public ProgramReports refused(String lock, Global result) {
        reports.add(lock, result);
        return this;
    }

    /** Reads the stderr stream of a program while the machine is watched after the run's code (Linux 6.17 and later). */
    public ProgramReports stderrOf(BpfProgram program) {
        reports.add(program);
        return this;
    }
}
