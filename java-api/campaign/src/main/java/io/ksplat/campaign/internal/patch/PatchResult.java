// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import io.ksplat.campaign.Bug;
import io.ksplat.campaign.internal.statistics.Rate;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.EvidenceText;
import io.ksplat.results.internal.RunFolder;
import io.ksplat.results.internal.campaign.PatchRecord;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/**
 * The effect of a patch, over all reproducers.
 *
 * @param errorBound an upper bound for the probability that the verdict is wrong
 */
public record PatchResult(PatchVerdict verdict, double errorBound, List<Comparison> comparisons, String why) {
    private static final int FRAMES = 12;

    public PatchResult {
        comparisons = List.copyOf(comparisons);
    }

    /** Returns the result for a patched kernel that cannot run. */
    public static PatchResult cannotTell(String why) {
        return new PatchResult(PatchVerdict.CANNOT_TELL, 1, List.of(), why);
    }

    static PatchResult of(List<Comparison> comparisons) {
        for (PatchVerdict verdict : PatchVerdict.values()) {
            if (verdict == PatchVerdict.CURES
                    && comparisons.stream()
                            .anyMatch(each -> each.hasBug() && each.verdict().isEmpty())) {
                break;
            }
            List<Comparison> same = comparisons.stream()
                    .filter(each -> each.verdict().equals(Optional.of(verdict)))
                    .toList();
            boolean allQuiet =
                    comparisons.stream().allMatch(each -> each.verdict().isPresent());
            if (!same.isEmpty() && (verdict != PatchVerdict.NO_BUG_ON_BASE || allQuiet)) {
                return new PatchResult(
                        verdict,
                        Math.min(
                                1,
                                same.stream()
                                        .mapToDouble(Comparison::errorBound)
                                        .sum()),
                        comparisons,
                        same.stream()
                                .map(each -> each.reproducer() + ": " + each.why())
                                .collect(Collectors.joining("; ")));
            }
        }
        return new PatchResult(
                PatchVerdict.CANNOT_TELL,
                1,
                comparisons,
                comparisons.stream()
                        .filter(each -> each.verdict().isEmpty())
                        .map(each -> each.reproducer() + ": without " + lastWord(each.baseRuns()) + ", with "
                                + lastWord(each.patchedRuns()))
                        .collect(Collectors.joining("; ")));
    }

    private static String lastWord(List<RunRecord> runs) {
        return runs.isEmpty() ? "no run" : Bug.word(runs.get(runs.size() - 1));
    }

    /**
     * Returns what {@code patch --json} prints.
     *
     * @param base the commit that the series applies to
     * @param series the subjects of the patches
     * @param after the verdicts after each patch
     */
    PatchRecord record(String base, String profile, List<String> series, List<PatchRecord.After> after) {
        return new PatchRecord(
                verdict.toString(),
                errorBound,
                new PatchRecord.Sides(
                        sum(each -> each.baseRuns().size()),
                        sum(each -> each.patchedRuns().size())),
                new PatchRecord.Sides(
                        sum(each -> each.base().seen()),
                        sum(each -> each.patched().seen())),
                why,
                base,
                profile,
                series,
                after,
                comparisons.stream()
                        .map(each -> new PatchRecord.Comparison(
                                each.reproducer(),
                                each.verdict().map(PatchVerdict::toString),
                                each.errorBound(),
                                each.why(),
                                side(each.base(), each.baseRuns()),
                                side(each.patched(), each.patchedRuns())))
                        .toList());
    }

    private int sum(ToIntFunction<Comparison> of) {
        return comparisons.stream().mapToInt(of).sum();
    }

    private static PatchRecord.Side side(Rate shown, List<RunRecord> runs) {
        return new PatchRecord.Side(
                shown.seen(),
                shown.runs(),
                shown.lower(Rate.ERROR_RATE),
                shown.upper(Rate.ERROR_RATE),
                runs.stream().map(RunFolder::name).toList());
    }

    /** Returns the evidence of both sides as text, one reproducer after the other. */
    public String text() {
        StringBuilder text = new StringBuilder();
        text.append(verdict).append("  ").append(why).append('\n');
        for (Comparison each : comparisons) {
            text.append('\n').append(each.reproducer()).append('\n');
            text.append(side("without", each.base(), each.baseRuns()));
            text.append(side("with", each.patched(), each.patchedRuns()));
            text.append(evidence("without", each.baseRuns())).append(evidence("with", each.patchedRuns()));
        }
        return text.toString();
    }

    /** Returns text to send as an answer to the series. */
    public String testedBy(String who, String base, String series) {
        StringBuilder text = new StringBuilder();
        if (verdict == PatchVerdict.CURES) {
            text.append("Tested-by: ").append(who).append("\n\n");
        }
        text.append(series)
                .append(",\non ")
                .append(base)
                .append(": ")
                .append(verdict)
                .append(".\n");
        for (Comparison each : comparisons) {
            text.append(String.format(
                    Locale.ROOT,
                    "%n  %s%n    without: %s runs show the bug; %s%n    with:    %s runs show the bug; %s%n",
                    each.reproducer(),
                    each.base(),
                    lastTelling(each.baseRuns()),
                    each.patched(),
                    lastTelling(each.patchedRuns())));
        }
        text.append(String.format(
                Locale.ROOT,
                "%nRuns without and with the series alternate, each on a pristine machine (ksplat). The verdict is wrong with a%n"
                        + "probability of %.3f at most. Intervals are Clopper and Pearson's, 95 %%.%n",
                errorBound));
        return text.toString();
    }

    private static String side(String name, Rate shown, List<RunRecord> runs) {
        String controls = controls(runs);
        return String.format(
                Locale.ROOT,
                "  %-8s the bug showed in %s; %s%s%n",
                name + ":",
                shown,
                verdicts(runs),
                controls.isEmpty() ? "" : "; controls of the last run: " + controls);
    }

    private static String lastTelling(List<RunRecord> runs) {
        String controls = controls(runs);
        return lastWord(runs) + (controls.isEmpty() ? "" : " (" + controls + ")");
    }

    private static String verdicts(List<RunRecord> runs) {
        return runs.stream()
                .collect(Collectors.groupingBy(RunRecord::verdict, java.util.TreeMap::new, Collectors.counting()))
                .entrySet()
                .stream()
                .map(entry -> entry.getValue() + " " + entry.getKey())
                .collect(Collectors.joining(", "));
    }

    private static String controls(List<RunRecord> runs) {
        return runs.isEmpty()
                ? ""
                : runs.get(runs.size() - 1).controls().stream()
                        .map(control -> control.name() + " " + control.observed() + "/" + control.bound())
                        .collect(Collectors.joining(", "));
    }

    private static String evidence(String side, List<RunRecord> runs) {
        return runs.stream()
                .flatMap(run -> run.evidence().stream())
                .findFirst()
                .map(found -> "  " + side + " the series, " + EvidenceText.brief(found)
                        + found.stacks().stream()
                                .limit(2)
                                .map(stack -> EvidenceText.of(stack, FRAMES).indent(2))
                                .collect(Collectors.joining()))
                .orElse("");
    }
}
