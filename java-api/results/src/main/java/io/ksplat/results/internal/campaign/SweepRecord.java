// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.campaign;

import io.ksplat.evidence.Verdict;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The result of a sweep.
 *
 * @param key the kernel's
 * @param from the function whose first instruction is the anchor
 * @param anchor the name under which the anchor is kept
 * @param steps the points that were asked for
 * @param refined the points between them that were measured to find where the result changes
 * @param path the addresses of the instructions that the CPU executes from the first measured point to the last
 * @param functions the functions of the path, in its order
 */
public record SweepRecord(
        String reproducer,
        String kernel,
        String key,
        String from,
        int cpu,
        String anchor,
        double seconds,
        List<Point> steps,
        List<Point> refined,
        List<Stretch> stretches,
        List<Long> path,
        List<Function> functions)
        implements CampaignRecord {
    public SweepRecord {
        steps = List.copyOf(steps);
        refined = List.copyOf(refined);
        stretches = List.copyOf(stretches);
        path = List.copyOf(path);
        functions = List.copyOf(functions);
    }

    /**
     * What an NMI does after {@code n} instructions.
     *
     * @param waitsFor for a deadlock, the lock that the dead CPU waits for
     * @param holds the locks that the interrupted context holds
     * @param console titles of the console's evidence, which takes no part in the verdict
     * @param message why there is no result
     */
    public record Point(
            int n,
            long address,
            String function,
            long offset,
            Verdict verdict,
            Optional<String> waitsFor,
            List<String> holds,
            List<String> console,
            Optional<String> message) {
        public Point {
            holds = List.copyOf(holds);
            console = List.copyOf(console);
        }

        /** Returns {@code function+0xoffset}. */
        public String where() {
            return function + "+0x" + Long.toHexString(offset);
        }

        /** Returns whether another point has the same result. */
        public boolean isLike(Point other) {
            return verdict == other.verdict && waitsFor.equals(other.waitsFor);
        }
    }

    /** Neighbours with the same result, from one distance to another. */
    public record Stretch(int from, int to, int measured, int inferred, Verdict verdict, Optional<String> waitsFor) {}

    /** A function of the path, with the instructions of it that lie on the path. */
    public record Function(String name, long address, long size, List<Instruction> code) {
        public Function {
            code = List.copyOf(code);
        }
    }

    /**
     * An instruction.
     *
     * @param effect of an NMI before it: {@code D} deadlocks, {@code S} is safe, {@code B} both, depending on the visit, {@code ?}
     *     unclear; {@code d}, {@code s}, {@code b} if that is only inferred from the points around it
     * @param visits the first distances from the anchor at which the path comes by
     * @param more how many visits are not in that list
     */
    public record Instruction(
            long offset, String text, String effect, List<Integer> visits, int more, Optional<String> waitsFor) {
        public Instruction {
            visits = List.copyOf(visits);
        }
    }

    /** Returns all measured points, in the order of the path. */
    public List<Point> measured() {
        List<Point> all = new ArrayList<>(steps);
        all.addAll(refined);
        all.sort(Comparator.comparingInt(Point::n));
        return all;
    }
}
