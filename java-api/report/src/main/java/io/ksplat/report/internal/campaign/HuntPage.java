// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.campaign;

import io.ksplat.report.internal.page.Words;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.campaign.HuntRecord;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The page of a hunt on one kernel.
 *
 * @param root from the page's folder to the report's
 * @param left how many operations are only in the file
 */
public record HuntPage(
        HuntRecord hunt, String root, List<Row> rows, List<Finding> findings, int left, List<String> files) {
    private static final int MOST_ROWS = 1500;
    private static final int MOST_FINDINGS = 300;

    /** Who hunts more operations has mostly named none. */
    private static final int MOST_NAMED = 10;

    public HuntPage {
        rows = List.copyOf(rows);
        findings = List.copyOf(findings);
        files = List.copyOf(files);
    }

    /** An operation, with its place on the page. */
    public record Row(String id, HuntRecord.Operation operation) {}

    /**
     * A finding of an operation.
     *
     * @param run the page of the run of its reproducer, as a link from the report's folder
     */
    public record Finding(HuntRecord.Operation operation, HuntRecord.Finding found, Optional<String> run) {
        /** Returns its reproducer, as a link from the report's folder. */
        public String href() {
            return Words.href(found.reproducer());
        }
    }

    public static HuntPage of(HuntRecord hunt, String root, Map<String, RunRecord> runs, List<String> files) {
        List<Row> rows = new ArrayList<>();
        List<Finding> findings = new ArrayList<>();
        for (HuntRecord.Operation operation : hunt.operations()) {
            if (rows.size() < MOST_ROWS) {
                rows.add(new Row(id(rows.size()), operation));
            }
            for (HuntRecord.Finding found : operation.findings()) {
                if (findings.size() < MOST_FINDINGS) {
                    findings.add(new Finding(operation, found, run(hunt, operation, found, runs)));
                }
            }
        }
        return new HuntPage(hunt, root, rows, findings, hunt.operations().size() - rows.size(), files);
    }

    /** A kernel may have several locks in an operation, each with a reproducer of its own: the signature tells which. */
    private static Optional<String> run(
            HuntRecord hunt, HuntRecord.Operation operation, HuntRecord.Finding found, Map<String, RunRecord> runs) {
        return runs.entrySet().stream()
                .filter(run -> HuntRecord.isOf(operation, run.getValue().reproducer())
                        && run.getValue().kernel().spec().equals(hunt.kernel()))
                .filter(run -> found.signature().isEmpty()
                        || run.getValue().evidence().stream()
                                .anyMatch(shown -> shown.signature().equals(found.signature())))
                .map(run -> Words.href(run.getKey()) + "/index.html")
                .findFirst();
    }

    static String id(int index) {
        return "operation-" + (index + 1);
    }

    public String title() {
        return title(hunt);
    }

    static String title(HuntRecord hunt) {
        return "Hunt on " + Words.shortened(hunt.kernel())
                + (isPlain(hunt) ? "" : ", " + Words.shortened(mode(hunt), 20));
    }

    private static boolean isPlain(HuntRecord hunt) {
        return mode(hunt).equals(HuntRecord.NMI);
    }

    /** A hunt has one mode. */
    private static String mode(HuntRecord hunt) {
        return hunt.operations().stream()
                .findFirst()
                .map(HuntRecord.Operation::mode)
                .orElse(HuntRecord.NMI);
    }

    /** Returns how many operations have each answer, the gravest answers first. */
    public Map<String, Integer> answers() {
        return answers(hunt);
    }

    private static Map<String, Integer> answers(HuntRecord hunt) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        List.of("DEADLOCK", "CRASH", "INCONCLUSIVE", "SAFE", "REFUSED", "REJECTED", "UNSUPPORTED", "UNRELATED")
                .forEach(answer -> counts.put(answer, 0));
        hunt.operations().forEach(each -> counts.merge(each.answer(), 1, Integer::sum));
        counts.values().removeIf(count -> count == 0);
        return counts;
    }

    public String sentence() {
        return sentence(hunt);
    }

    static String sentence(HuntRecord hunt) {
        long findings = hunt.operations().stream()
                .mapToLong(each -> each.findings().size())
                .sum();
        long news = hunt.operations().stream()
                .flatMap(each -> each.findings().stream())
                .filter(found -> !found.known())
                .count();
        List<String> counts = new ArrayList<>();
        answers(hunt)
                .forEach((answer, count) ->
                        counts.add(count + " " + Words.shortened(answer, 20).replace('_', ' ')));
        return (hunt.operations().size() == 1
                        ? "1 operation"
                        : hunt.operations().size() + " operations")
                + (counts.isEmpty() ? "" : ": " + String.join(", ", counts)) + ". "
                + (findings == 0
                        ? "No finding."
                        : findings == 1
                                ? "1 finding, which is " + (news == 1 ? "not known." : "known.")
                                : findings + " findings, " + news + " of them not known.")
                + (hunt.untried().isEmpty() ? "" : " " + hunt.untried().size() + " were not tried.");
    }

    /** Returns the style of an answer: the words and the colours of the verdicts. */
    public static String style(String answer) {
        return switch (answer) {
            case "SAFE" -> "v-CLEAN";
            case "DEADLOCK", "CRASH", "REJECTED", "UNSUPPORTED" -> "v-" + answer;
            case "REFUSED", "UNRELATED" -> "v-UNSUPPORTED";
            default -> "v-INCONCLUSIVE";
        };
    }

    /** Returns what an answer means. */
    public static String meaning(String answer) {
        return switch (answer) {
            case "SAFE" -> "no deadlock at these points; done again there, the operation succeeded at some of them";
            case "DEADLOCK" -> "done again at some point, the operation waits for ever";
            case "CRASH" -> "done again at some point, the operation made the kernel splat";
            case "REFUSED" -> "done again, the operation only ever failed: it was not tried";
            case "REJECTED" -> "the verifier does not allow it";
            case "UNRELATED" -> "what the NMI does takes none of the locks that the task takes: it was not tried";
            case "UNSUPPORTED" -> "the kernel lacks something that it needs";
            default -> "some point has no clear result, or a finding did not show again";
        };
    }

    public String command() {
        String named = hunt.operations().size() > MOST_NAMED
                ? ""
                : hunt.operations().stream()
                        .map(operation -> " --operation " + Words.quoted(operation.name()))
                        .collect(Collectors.joining());
        return "ksplat hunt --kernel " + Words.quoted(hunt.kernel())
                + (isPlain(hunt) ? "" : " --mode " + Words.quoted(mode(hunt))) + " --seed " + hunt.seed() + named;
    }
}
