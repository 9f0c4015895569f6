// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import io.ksplat.campaign.internal.statistics.Rate;
import io.ksplat.kernel.internal.build.TouchedFunction;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.EvidenceText;
import io.ksplat.results.internal.RunFolder;
import io.ksplat.results.internal.campaign.PatchRecord;
import java.util.ArrayList;
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
    private static final Optional<PatchVerdict> UNCHANGED = Optional.of(PatchVerdict.CHANGES_NOTHING);

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
                            .anyMatch(each -> each.doubt().isPresent()
                                    || (each.hasBug() && each.verdict().isEmpty()))) {
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
                        .filter(each -> each.verdict().isEmpty() || each.doubt().isPresent())
                        .map(each -> each.reproducer() + ": " + each.whyUndecided())
                        .collect(Collectors.joining("; ")));
    }

    /**
     * Returns the result of a trial of many reproducers: the worst change, if each is settled.
     *
     * @param untried the number of reproducers that were not tried because ksplat failed
     */
    static PatchResult ofCatalogue(List<Comparison> comparisons, int untried) {
        List<Comparison> undecided = comparisons.stream()
                .filter(each -> each.isTaken() && each.verdict().isEmpty())
                .toList();
        boolean someTaken = comparisons.stream().anyMatch(Comparison::isTaken);
        for (PatchVerdict verdict : PatchVerdict.values()) {
            List<Comparison> same = comparisons.stream()
                    .filter(each -> each.verdict().equals(Optional.of(verdict)))
                    .toList();
            // One that breaks decides for all. For any other verdict, each reproducer must be settled.
            if (!same.isEmpty() && (verdict == PatchVerdict.BREAKS || (undecided.isEmpty() && untried == 0))) {
                double bound = same.stream().mapToDouble(Comparison::errorBound).sum();
                return new PatchResult(
                        verdict, Math.min(1, bound), comparisons, counts(comparisons, undecided, untried));
            }
        }
        return new PatchResult(
                PatchVerdict.CANNOT_TELL,
                1,
                comparisons,
                someTaken ? counts(comparisons, undecided, untried) : "this kernel can take none of the reproducers");
    }

    /** Returns the reproducers whose verdict is another with the series. */
    List<Comparison> changed() {
        return comparisons.stream()
                .filter(each -> each.verdict().isPresent() && !each.verdict().equals(UNCHANGED))
                .toList();
    }

    private static String counts(List<Comparison> comparisons, List<Comparison> undecided, int untried) {
        List<String> parts = new ArrayList<>();
        for (PatchVerdict verdict : PatchVerdict.values()) {
            List<String> same = comparisons.stream()
                    .filter(each -> each.verdict().equals(Optional.of(verdict)))
                    .map(Comparison::reproducer)
                    .toList();
            if (!same.isEmpty() && verdict == PatchVerdict.CHANGES_NOTHING) {
                parts.add("no change of " + same.size());
            } else if (!same.isEmpty()) {
                parts.add(verdict + " " + String.join(", ", same));
            }
        }
        if (!undecided.isEmpty()) {
            parts.add("not decided: "
                    + undecided.stream().map(Comparison::reproducer).collect(Collectors.joining(", ")));
        }
        if (untried > 0) {
            parts.add("ended because ksplat failed; not tried: " + untried);
        }
        long untaken = comparisons.stream().filter(each -> !each.isTaken()).count();
        if (untaken > 0) {
            parts.add("not supported by this kernel: " + untaken);
        }
        return String.join("; ", parts);
    }

    /**
     * Returns what {@code patch --json} prints.
     *
     * @param base the commit that the series applies to
     * @param series the subjects of the patches
     * @param after the verdicts after each patch
     * @param touched the functions that the series changes
     */
    PatchRecord record(
            String base,
            String profile,
            List<String> series,
            List<PatchRecord.After> after,
            List<TouchedFunction> touched) {
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
                                side(each.patched(), each.patchedRuns()),
                                AccusedFunction.of(each, touched)
                                        .map(at -> new PatchRecord.Place(at.file(), at.line(), at.function()))))
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
            if (!each.isTaken() || each.verdict().equals(UNCHANGED)) {
                text.append("  ")
                        .append(each.isTaken() ? "no change: " : "UNSUPPORTED: ")
                        .append(each.why())
                        .append('\n');
                continue;
            }
            text.append(side("without", each.base(), each.baseRuns()));
            text.append(side("with", each.patched(), each.patchedRuns()));
            text.append(evidence("without", each.baseRuns())).append(evidence("with", each.patchedRuns()));
        }
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
