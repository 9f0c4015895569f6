// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

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
import java.util.OptionalDouble;

/**
 * What programs report themselves: locks that they were refused, and what the kernel wrote to their streams about it.
 *
 * <pre>{@code
 * machine.testimony().refused("locks[0]", bpf.global("result")).stderrOf(bpf.program("take_two"));
 * }</pre>
 */
public final class Testimony {
    /** Of errno(3): what a resilient lock refuses with. */
    private static final Map<Long, String> REFUSALS = Map.of(-35L, "-EDEADLK", -110L, "-ETIMEDOUT");

    /** EINVAL: bpf(2) of an older kernel does not know the command. */
    private static final int NO_STREAMS = 22;

    private final List<Refusal> refusals = new ArrayList<>();
    private final List<BpfProgram> programs = new ArrayList<>();

    Testimony() {}

    /**
     * A program keeps here what taking a lock returned.
     *
     * @param lock what it tried to take, in words
     * @param result 0, or a negative errno
     */
    public Testimony refused(String lock, Global result) {
        refusals.add(new Refusal(lock, result));
        return this;
    }

    /** The stderr stream of a program is read once the experiment is over (Linux 6.17 and later). */
    public Testimony stderrOf(BpfProgram program) {
        programs.add(program);
        return this;
    }

    boolean isEmpty() {
        return refusals.isEmpty() && programs.isEmpty();
    }

    /** Refusals that were not told before; read from outside. */
    List<Evidence> refusals() throws IOException {
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

    /** What the streams hold, read through the agent: only of a machine that lives. */
    List<Evidence> streams() throws IOException {
        List<Evidence> found = new ArrayList<>();
        for (BpfProgram program : programs) {
            try {
                found.addAll(BpfStreamParser.parse(program.stream(BpfStream.STDERR)));
            } catch (BpfException e) {
                if (e.errno() != NO_STREAMS) {
                    throw e;
                }
            }
        }
        programs.clear();
        return found;
    }

    private static Evidence evidence(String lock, String error) {
        return new Evidence(
                EvidenceKind.LOCK_REFUSED,
                lock + " was refused with " + error,
                "lock-refused:" + lock + ":" + error,
                List.of(),
                List.of(),
                List.of(),
                Source.PROGRAM,
                OptionalDouble.empty());
    }

    private record Refusal(String lock, Global result) {}
}
