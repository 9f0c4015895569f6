// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.bpf.BpfException;
import io.ksplat.bpf.BpfProgram;
import io.ksplat.bpf.BpfStream;
import io.ksplat.bpf.Global;
import io.ksplat.evidence.BpfStreamParser;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Source;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What programs report of themselves: locks that they were refused, and what the kernel wrote to their streams. */
public final class ReportedRefusals {
    /** Of errno(3): what a resilient lock refuses with. */
    private static final Map<Long, String> REFUSALS = Map.of(-35L, "-EDEADLK", -110L, "-ETIMEDOUT");

    /** EINVAL: bpf(2) of an older kernel does not know the command. */
    private static final int NO_STREAMS = 22;

    private final List<Refusal> refusals = new ArrayList<>();
    private final List<BpfProgram> programs = new ArrayList<>();

    /** Watches a global in which a program keeps what taking a lock returned. */
    public void add(String lock, Global result) {
        refusals.add(new Refusal(lock, result));
    }

    /** Reads the stderr stream of a program after the run's code, for as long as the machine is watched. */
    public void add(BpfProgram program) {
        programs.add(program);
    }

    public boolean isEmpty() {
        return refusals.isEmpty() && programs.isEmpty();
    }

    /** Returns refusals that were not returned before; read from outside. */
    public List<Evidence> refusals() throws IOException {
        List<Evidence> found = new ArrayList<>();
        for (Iterator<Refusal> left = refusals.iterator(); left.hasNext(); ) {
            Refusal refusal = left.next();
            Optional<String> error = Optional.ofNullable(REFUSALS.get(refusal.result.get()));
            if (error.isPresent()) {
                left.remove();
                found.add(evidence(refusal.lock, error.get()));
            }
        }
        return found;
    }

    /**
     * Returns what was written to the streams since the last call, read through the agent: only of a machine that lives. The kernel adds
     * a report as a whole (kernel/bpf/stream.c, bpf_stream_stage_commit()).
     */
    public List<Evidence> streams() throws IOException {
        List<Evidence> found = new ArrayList<>();
        for (Iterator<BpfProgram> left = programs.iterator(); left.hasNext(); ) {
            try {
                found.addAll(BpfStreamParser.parse(left.next().stream(BpfStream.STDERR)));
            } catch (BpfException e) {
                if (e.errno() != NO_STREAMS) {
                    throw e;
                }
                left.remove();
            }
        }
        return found;
    }

    private static Evidence evidence(String lock, String error) {
        return Evidence.builder(
                        EvidenceKind.LOCK_REFUSED,
                        lock + " was refused with " + error,
                        "lock-refused:" + lock + ":" + error)
                .source(Source.PROGRAM)
                .build();
    }

    private record Refusal(String lock, Global result) {}
}
