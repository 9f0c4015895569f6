// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import io.ksplat.campaign.Bug;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Stack;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.EvidenceText;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * An answer to a series, as the kernel's mailing lists like it: plain text, at most 72 columns. Only the frames of stacks are not wrapped,
 * because they are quoted.
 */
final class PatchAnswer {
    static final int COLUMNS = 72;
    private static final int FRAMES = 12;
    private static final int STACKS = 2;
    /** A list that goes on for pages is read by nobody; patch.json has all. */
    private static final int MOST_REPRODUCERS = 20;

    private final PatchResult result;
    private final About about;
    private final StringBuilder text = new StringBuilder();

    /**
     * What was tried.
     *
     * @param who the name and address of the one who answers
     * @param base the commit that the series was applied to
     * @param catalogue whether it was tried which verdicts change
     * @param reproducers the words that name them; empty: their ids do
     * @param subjects of the patches
     */
    record About(
            String who,
            String base,
            String profile,
            boolean catalogue,
            List<String> reproducers,
            List<String> subjects) {
        About {
            reproducers = List.copyOf(reproducers);
            subjects = List.copyOf(subjects);
        }
    }

    private PatchAnswer(PatchResult result, About about) {
        this.result = result;
        this.about = about;
    }

    /** Returns the body of the mail. */
    static String body(PatchResult result, About about) {
        return new PatchAnswer(result, about).body();
    }

    private String body() {
        if (result.verdict() == PatchVerdict.CURES) {
            text.append("Tested-by: ").append(about.who()).append("\n\n");
        }
        paragraph(sentence());
        text.append('\n');
        field("base", about.base());
        field("config", "ksplat's profile " + about.profile());
        for (int i = 0; i < about.subjects().size(); i++) {
            field(
                    i == 0 ? "series" : "",
                    (i + 1) + "/" + about.subjects().size() + " "
                            + about.subjects().get(i));
        }
        List<Comparison> shown = shown();
        shown.stream().limit(MOST_REPRODUCERS).forEach(this::reproducer);
        if (shown.size() > MOST_REPRODUCERS) {
            text.append('\n');
            names("And", shown.subList(MOST_REPRODUCERS, shown.size()), Comparison::reproducer);
        }
        others();
        text.append('\n');
        paragraph(statistics());
        text.append('\n');
        paragraph("To run it again:");
        text.append('\n').append(command());
        evidence();
        return text.toString();
    }

    private String sentence() {
        return switch (result.verdict()) {
            case CURES ->
                about.catalogue()
                        ? "Tested with ksplat: a bug shows only without this series, and no other verdict of the"
                                + " catalogue changes."
                        : "Tested with ksplat: the bug shows only without this series, and every control passes with"
                                + " it.";
            case DOES_NOT_CURE -> "Tested with ksplat: the bug still shows with this series.";
            case BREAKS -> "Tested with ksplat: this series breaks something that works without it.";
            case CHANGES -> "Tested with ksplat: this series changes verdicts.";
            case CHANGES_NOTHING -> "Tested with ksplat: this series changes no verdict of the catalogue.";
            case NO_BUG_ON_BASE ->
                "Tested with ksplat: the bug does not show without this series, so that nothing is known of a cure.";
            case CANNOT_TELL ->
                "Tested with ksplat: it cannot be told what this series does"
                        // Of a catalogue, the list of what is not decided says why.
                        + (about.catalogue() && !result.comparisons().isEmpty() ? "." : ": " + result.why() + ".");
        };
    }

    /** Returns the reproducers that the answer is about. */
    private List<Comparison> shown() {
        return about.catalogue()
                ? result.changed()
                : result.comparisons().stream().filter(Comparison::isTaken).toList();
    }

    private void reproducer(Comparison each) {
        text.append('\n');
        wrapped(
                "",
                "  ",
                each.reproducer() + ": "
                        + each.verdict().map(PatchVerdict::toString).orElse("not decided"));
        wrapped("  without: ", "           ", side(each.base().toString(), each.baseRuns()));
        wrapped("  with:    ", "           ", side(each.patched().toString(), each.patchedRuns()));
    }

    private static String side(String rate, List<RunRecord> runs) {
        if (runs.isEmpty()) {
            return "no run";
        }
        RunRecord last = runs.get(runs.size() - 1);
        String controls = last.controls().stream()
                .map(control -> control.name() + " " + control.observed() + "/" + control.bound())
                .collect(Collectors.joining(", "));
        return "the bug shows in " + rate + " runs; " + Bug.word(last)
                + (controls.isEmpty() ? "" : " (" + controls + ")");
    }

    /** Names what no change is told of: none may be missing without a word. */
    private void others() {
        List<Comparison> all = result.comparisons();
        List<Comparison> unchanged = all.stream()
                .filter(each -> each.verdict().equals(Optional.of(PatchVerdict.CHANGES_NOTHING)))
                .toList();
        List<Comparison> undecided = !about.catalogue()
                ? List.of()
                : all.stream()
                        .filter(each -> each.isTaken() && each.verdict().isEmpty())
                        .toList();
        List<Comparison> untaken = all.stream().filter(each -> !each.isTaken()).toList();
        if (unchanged.size() + undecided.size() + untaken.size() > 0) {
            text.append('\n');
        }
        names("No change", unchanged, Comparison::reproducer);
        names("Not decided", undecided, each -> each.reproducer() + " (" + each.why() + ")");
        names("Not supported by this kernel", untaken, each -> each.reproducer() + " (" + each.why() + ")");
    }

    private void names(String what, List<Comparison> which, Function<Comparison, String> name) {
        if (!which.isEmpty()) {
            wrapped(
                    "",
                    "  ",
                    what + " (" + which.size() + "): "
                            + which.stream().map(name).collect(Collectors.joining(", ")) + ".");
        }
    }

    private String statistics() {
        String bound = result.errorBound() < 1
                ? String.format(
                        Locale.ROOT, " The verdict is wrong with a probability of at most %.3f.", result.errorBound())
                : "";
        return "Runs without and with the series take turns, each in a fresh QEMU machine." + bound
                + " Intervals are Clopper and Pearson's, 95 %.";
    }

    private String command() {
        List<String> words = new ArrayList<>(List.of(
                "ksplat patch --tree LINUX",
                "--base " + about.base().split(" ", 2)[0],
                "--profile " + about.profile()));
        if (about.catalogue()) {
            words.add("--all");
        } else {
            Stream<String> named = about.reproducers().isEmpty()
                    ? result.comparisons().stream().map(Comparison::reproducer)
                    : about.reproducers().stream();
            named.forEach(word -> words.add("--reproducer " + word));
        }
        words.add("SERIES");
        StringBuilder lines = new StringBuilder("  ");
        int column = 2;
        for (String word : words) {
            if (column > 2 && column + word.length() + 3 > COLUMNS) {
                lines.append(" \\\n      ");
                column = 6;
            } else if (column > 2) {
                lines.append(' ');
                column++;
            }
            lines.append(word);
            column += word.length();
        }
        return lines.append('\n').toString();
    }

    /** Shows of each reproducer what the verdict rests on: the bug without the series, or what the series does. */
    private void evidence() {
        for (Comparison each : shown().subList(0, Math.min(MOST_REPRODUCERS, shown().size()))) {
            boolean cured = each.verdict().equals(Optional.of(PatchVerdict.CURES));
            Optional<Evidence> with = cured ? Optional.empty() : first(each.patchedRuns());
            Optional<Evidence> found = with.isPresent() ? with : first(each.baseRuns());
            found.ifPresent(evidence -> {
                text.append('\n');
                paragraph(each.reproducer() + (with.isPresent() ? ", with" : ", without") + " the series:");
                text.append('\n');
                EvidenceText.brief(evidence).lines().forEach(line -> wrapped("  ", "    ", line.strip()));
                evidence.stacks().stream().limit(STACKS).forEach(this::stack);
            });
        }
    }

    private void stack(Stack stack) {
        text.append(EvidenceText.of(stack, FRAMES).indent(2));
    }

    private static Optional<Evidence> first(List<RunRecord> runs) {
        return runs.stream().flatMap(run -> run.evidence().stream()).findFirst();
    }

    private void field(String name, String value) {
        wrapped(String.format(Locale.ROOT, "  %-10s", name.isEmpty() ? "" : name + ":"), " ".repeat(12), value);
    }

    private void paragraph(String words) {
        wrapped("", "", words);
    }

    /** Appends words in lines; one that is too long for a line has its own. */
    private void wrapped(String begin, String next, String words) {
        StringBuilder line = new StringBuilder(begin);
        boolean empty = true;
        for (String word : words.strip().split("\\s+", -1)) {
            if (!empty && line.length() + 1 + word.length() > COLUMNS) {
                text.append(line.toString().stripTrailing()).append('\n');
                line = new StringBuilder(next);
                empty = true;
            }
            line.append(empty ? "" : " ").append(word);
            empty = false;
        }
        text.append(line.toString().stripTrailing()).append('\n');
    }
}
