// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.campaign;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The result of a patch trial.
 *
 * @param verdict {@code CURES}, {@code DOES NOT CURE}, {@code BREAKS}, {@code NO BUG ON BASE} or {@code CANNOT TELL}; of a catalogue also
 *     {@code CHANGES} and {@code CHANGES NOTHING}
 * @param errorBound an upper bound for the probability that the verdict is wrong; 1 if none is known
 * @param why the reason for the verdict, in one line
 * @param base the commit that the series applies to
 * @param profile the kernel's configuration
 * @param series the subjects of the patches
 * @param after the verdicts after each patch, if the series was tried patch by patch
 */
public record PatchRecord(
        String verdict,
        double errorBound,
        Sides runs,
        Sides reproduced,
        String why,
        String base,
        String profile,
        List<String> series,
        List<After> after,
        List<Comparison> reproducers)
        implements CampaignRecord {
    private static final Set<String> GOOD = Set.of("CURES", "CHANGES NOTHING");
    private static final Set<String> ACCUSING = Set.of("BREAKS", "DOES NOT CURE");

    public PatchRecord {
        series = List.copyOf(series);
        after = List.copyOf(after);
        reproducers = List.copyOf(reproducers);
    }

    /** Returns whether the series did what was hoped for. */
    public boolean isGood() {
        return GOOD.contains(verdict);
    }

    /** A number without the series, and with it. */
    public record Sides(int base, int patched) {}

    /** A verdict after the first patches of the series. */
    public record After(String patch, String verdict) {}

    /**
     * The runs of one reproducer.
     *
     * @param verdict empty if more runs would have been needed
     * @param at what the series changes of a function that the evidence against it names
     */
    public record Comparison(
            String reproducer,
            Optional<String> verdict,
            double errorBound,
            String why,
            Side base,
            Side patched,
            Optional<Place> at) {
        /** Returns whether it speaks against the series. */
        public boolean accuses() {
            return verdict.filter(ACCUSING::contains).isPresent();
        }

        /** Returns whether it speaks for the series, or says that nothing is worse. */
        public boolean isGood() {
            return verdict.filter(GOOD::contains).isPresent();
        }
    }

    /**
     * A changed line.
     *
     * @param file below the tree
     * @param line as the series leaves the file
     */
    public record Place(String file, int line, String function) {}

    /**
     * The runs of one side.
     *
     * @param seen how many showed the bug
     * @param runs the runs that were good or bad
     * @param low the lower end of the 95 % interval of the rate
     * @param high the upper end
     * @param folders the runs' folders, below the report
     */
    public record Side(int seen, int runs, double low, double high, List<String> folders) {
        public Side {
            folders = List.copyOf(folders);
        }
    }
}
