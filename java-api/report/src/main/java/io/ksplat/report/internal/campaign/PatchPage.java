// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.campaign;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Verdict;
import io.ksplat.report.internal.page.SessionCommand;
import io.ksplat.report.internal.page.StackCard;
import io.ksplat.report.internal.page.Words;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.campaign.PatchRecord;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The page of a patch trial: each reproducer without the series beside the same with it.
 *
 * @param command that made it, if a run of the report tells
 */
public record PatchPage(
        PatchRecord patch, String root, List<Comparison> comparisons, Optional<String> command, List<String> files) {
    public static final int BAR = 240;

    private static final int MOST_LINKS = 120;
    private static final int MOST_EVIDENCE = 40;
    private static final int STACKS = 3;

    public PatchPage {
        comparisons = List.copyOf(comparisons);
        files = List.copyOf(files);
    }

    /** A reproducer. */
    public record Comparison(
            int number, PatchRecord.Comparison record, Side base, Side patched, List<Found> evidence, int left) {
        public Comparison {
            evidence = List.copyOf(evidence);
        }
    }

    /**
     * One side.
     *
     * @param verdicts how often each
     * @param controls those of the last run
     * @param stacks those of the first run that showed something
     */
    public record Side(
            PatchRecord.Side record,
            Map<Verdict, Integer> verdicts,
            List<Control> controls,
            List<Attempt> attempts,
            int left,
            String title,
            List<StackCard> stacks) {
        public Side {
            controls = List.copyOf(controls);
            attempts = List.copyOf(attempts);
            stacks = List.copyOf(stacks);
        }

        public String rate() {
            return record.runs() == 0
                    ? "no run that tells"
                    : String.format(
                            Locale.ROOT,
                            "the bug showed in %d of %d runs: %.0f %%, by 95 %% between %.0f %% and %.0f %%",
                            record.seen(),
                            record.runs(),
                            100.0 * record.seen() / record.runs(),
                            100 * record.low(),
                            100 * record.high());
        }

        public int at(double part) {
            return 4 + (int) Math.round((BAR - 8) * Math.max(0, Math.min(1, part)));
        }

        public double share() {
            return record.runs() == 0 ? 0 : (double) record.seen() / record.runs();
        }
    }

    /** A run; the link is empty if the report has no page of it. */
    public record Attempt(String name, Verdict verdict, String href) {}

    /** Evidence, by its signature, and how many runs of each side had it. */
    public record Found(String signature, String title, int base, int patched) {
        public boolean differs() {
            return base == 0 || patched == 0;
        }
    }

    /**
     * Lays out a record.
     *
     * @param runs those of the report, by their folders
     */
    public static PatchPage of(PatchRecord patch, String root, Map<String, RunRecord> runs, List<String> files) {
        List<Comparison> comparisons = new ArrayList<>();
        for (PatchRecord.Comparison record : patch.reproducers()) {
            List<RunRecord> base = runs(record.base(), runs);
            List<RunRecord> patched = runs(record.patched(), runs);
            Map<String, Found> found = new LinkedHashMap<>();
            count(base, found, 1, 0);
            count(patched, found, 0, 1);
            List<Found> ordered = new ArrayList<>(found.values());
            ordered.sort(java.util.Comparator.comparing(Found::differs).reversed());
            comparisons.add(new Comparison(
                    comparisons.size() + 1,
                    record,
                    side(record.base(), runs, base),
                    side(record.patched(), runs, patched),
                    ordered.subList(0, Math.min(MOST_EVIDENCE, ordered.size())),
                    Math.max(0, ordered.size() - MOST_EVIDENCE)));
        }
        return new PatchPage(patch, root, comparisons, SessionCommand.of(runs.values(), "patch"), files);
    }

    private static List<RunRecord> runs(PatchRecord.Side side, Map<String, RunRecord> runs) {
        return side.folders().stream()
                .flatMap(folder -> Optional.ofNullable(runs.get(folder)).stream())
                .toList();
    }

    private static void count(List<RunRecord> runs, Map<String, Found> found, int base, int patched) {
        for (RunRecord run : runs) {
            run.evidence().stream()
                    .collect(Collectors.toMap(
                            Evidence::signature, Evidence::title, (first, more) -> first, LinkedHashMap::new))
                    .forEach((signature, title) -> found.merge(
                            signature,
                            new Found(signature, title, base, patched),
                            (known, one) -> new Found(
                                    signature, known.title, known.base + one.base, known.patched + one.patched)));
        }
    }

    private static Side side(PatchRecord.Side record, Map<String, RunRecord> all, List<RunRecord> runs) {
        Map<Verdict, Integer> verdicts = new EnumMap<>(Verdict.class);
        runs.forEach(run -> verdicts.merge(run.verdict(), 1, Integer::sum));
        List<Attempt> attempts = new ArrayList<>();
        for (String folder : record.folders()) {
            RunRecord run = all.get(folder);
            if (run != null && attempts.size() < MOST_LINKS) {
                attempts.add(new Attempt(
                        Integer.toString(run.attempt()), run.verdict(), Words.href(folder) + "/index.html"));
            }
        }
        Optional<Evidence> first =
                runs.stream().flatMap(run -> run.evidence().stream()).findFirst();
        List<StackCard> stacks =
                first.map(found -> StackCard.of(found.stacks())).orElse(List.of());
        return new Side(
                record,
                verdicts,
                runs.isEmpty() ? List.of() : runs.get(runs.size() - 1).controls(),
                attempts,
                record.folders().size() - attempts.size(),
                first.map(Evidence::title).orElse(""),
                stacks.subList(0, Math.min(STACKS, stacks.size())));
    }

    /** Returns the controls of a side in one line. */
    public static String controls(Side side) {
        return side.controls().stream()
                .map(control -> control.name() + " " + control.observed() + "/" + control.bound()
                        + (control.passed() ? "" : " FAILED"))
                .collect(Collectors.joining(", "));
    }

    public String title() {
        return "Patch trial: " + Words.shortened(patch.verdict(), 40);
    }

    /** Returns the style of a verdict: cured is good, and broken is not. */
    public static String style(String verdict) {
        return switch (verdict) {
            case "CURES", "CHANGES NOTHING" -> "v-CLEAN";
            case "BREAKS" -> "v-CRASH";
            case "DOES NOT CURE" -> "v-DEADLOCK";
            default -> "v-INCONCLUSIVE";
        };
    }

    public String bound() {
        String runs = patch.runs().base() + " runs without and " + patch.runs().patched() + " with the series";
        return patch.errorBound() < 1
                ? String.format(Locale.ROOT, "%s; wrong with a probability of %.3f at most.", runs, patch.errorBound())
                : runs + ".";
    }
}
