// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.internal.EvidenceText;
import io.ksplat.results.internal.Judged;
import io.ksplat.results.internal.Redactor;
import io.ksplat.results.internal.RunFolder;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Runs for people: the verdict first, what it rests on below. It is made from records alone, so that a report which is read again
 * looks as it did when its runs ended.
 *
 * <pre>{@code
 * Path report = Path.of("ksplat-report");
 * List<RunRecord> runs = ResultsReader.read(report);
 * runs.forEach(run -> System.out.print(RunText.of(run, report)));
 * System.out.print(RunText.end(runs, report));
 * }</pre>
 */
public final class RunText {
    private static final int KIB = 1024;

    private static final Set<Verdict> BUGS = EnumSet.of(Verdict.DEADLOCK, Verdict.RECOVERED, Verdict.CRASH);

    /** As many frames as a terminal shows without scrolling. */
    private static final int FRAMES = 14;

    /** A failure stands alone. */
    private static final int FRAMES_OF_A_FAILURE = 16;

    private static final int STACKS = 2;

    private RunText() {}

    /**
     * Returns what {@code ksplat run} prints of a run that ended.
     *
     * @param report the folder of the report, as the user named it: paths are shown below it
     */
    public static String of(RunRecord run, Path report) {
        StringBuilder text = new StringBuilder();
        text.append(run.verdict()).append("  ");
        text.append(run.reproducer()).append(" on ").append(kernel(run));
        if (run.verdict() != run.expected()) {
            text.append(" (expected ").append(run.expected()).append(')');
        }
        text.append(", attempt ").append(run.attempt());
        text.append(String.format(Locale.ROOT, ", %.1f s (", run.timings().totalMs() / 1000.0));
        text.append(machine(run)).append(")\n");
        run.mismatch()
                .ifPresent(
                        what -> text.append("  not as expected: ").append(what).append('\n'));
        run.message().ifPresent(message -> text.append("  ").append(message).append('\n'));
        for (Evidence found : run.evidence()) {
            text.append(EvidenceText.brief(found).indent(2));
        }
        // What was read from outside is exact.
        run.evidence().stream()
                .sorted(Comparator.comparing(found -> found.source() != Source.OUTSIDE))
                .flatMap(found -> found.stacks().stream().limit(STACKS))
                .limit(STACKS)
                .forEach(stack -> text.append(EvidenceText.of(stack, FRAMES)));
        run.program()
                .ifPresent(program -> text.append("  ").append(ending(program)).append('\n'));
        run.notes().forEach(note -> text.append("  ").append(note).append('\n'));
        if (!run.controls().isEmpty()) {
            text.append("  controls: ")
                    .append(run.controls().stream().map(RunText::of).collect(Collectors.joining(", ")))
                    .append('\n');
        }
        if (run.bootRetries() > 0) {
            text.append("  boots that failed before this one: ")
                    .append(run.bootRetries())
                    .append('\n');
        }
        text.append("  ").append(folder(run, report)).append('\n');
        return printable(withPaths(text.toString(), run, report));
    }

    /**
     * Returns what {@code ksplat run} prints at the end.
     *
     * @param report the folder of the report, as the user named it
     */
    public static String end(List<RunRecord> runs, Path report) {
        return counts(runs) + untested(runs) + "Report: " + report + "\n";
    }

    /** A misspelt name of a function or a module is UNSUPPORTED, too. */
    private static String untested(List<RunRecord> runs) {
        return !runs.isEmpty()
                        && runs.stream().allMatch(run -> run.verdict() == Verdict.UNSUPPORTED && run.asExpected())
                ? "Nothing was tested: no run had what it needs. --expect clean makes that exit code 1.\n"
                : "";
    }

    /** Several runs in a line; empty for one, which has said it all. */
    private static String counts(List<RunRecord> runs) {
        if (runs.size() < 2) {
            return "";
        }
        Map<Verdict, Integer> counts = new EnumMap<>(Verdict.class);
        runs.forEach(run -> counts.merge(run.verdict(), 1, Integer::sum));
        return runs.size() + " runs: "
                + counts.entrySet().stream()
                        .map(entry -> entry.getValue() + " " + entry.getKey())
                        .collect(Collectors.joining(", "))
                + ", " + Judged.words(runs) + "\n";
    }

    /**
     * Returns why a test failed whose run did not end as expected.
     *
     * @param report the folder of the report, as the user named it: paths are shown below it
     */
    public static String failure(RunRecord run, Path report) {
        StringBuilder text = new StringBuilder();
        text.append(run.reproducer()).append(" on ").append(kernel(run)).append(": ");
        text.append(difference(run));
        run.message().ifPresent(message -> text.append(": ").append(message));
        text.append('\n');
        run.evidence().forEach(found -> text.append(EvidenceText.brief(found)));
        run.evidence().stream()
                .map(Evidence::stacks)
                .filter(stacks -> !stacks.isEmpty())
                .findFirst()
                .orElse(List.<Stack>of())
                .stream()
                .limit(STACKS)
                .forEach(stack -> text.append(EvidenceText.of(stack, FRAMES_OF_A_FAILURE)));
        for (Control control : run.controls()) {
            text.append("control ").append(control.name()).append(": ");
            text.append(control.observed())
                    .append(" of ")
                    .append(control.bound())
                    .append('\n');
        }
        text.append("all of it: ").append(folder(run, report));
        return printable(withPaths(text.toString(), run, report));
    }

    /** The two ways to be wrong are not alike: one is news of the kernel, the other of the test. */
    private static String difference(RunRecord run) {
        Verdict verdict = run.verdict();
        Verdict expected = run.expected();
        if (verdict == expected) {
            return "the verdict is " + verdict + ", as expected, but "
                    + run.mismatch().orElse("nothing differs");
        }
        String both = "expected " + expected + ", but the verdict is " + verdict;
        if (BUGS.contains(verdict) && !BUGS.contains(expected)) {
            return "a bug was seen that was not expected (" + both + ")";
        }
        if (BUGS.contains(expected) && !BUGS.contains(verdict)) {
            return "the bug that was expected was not seen (" + both + ")";
        }
        return both;
    }

    /** What a file of the report calls it: a spec may be a path. */
    private static String kernel(RunRecord run) {
        String name = run.kernel().shortName();
        return run.kernel().release().isEmpty() ? Redactor.ofThisProcess().spec(name) : name;
    }

    private static String machine(RunRecord run) {
        if (!run.accelerator().equals("none")) {
            return run.accelerator();
        }
        return run.target().equals("qemu") ? "no machine" : run.target();
    }

    private static String ending(ProgramRecord program) {
        return end(program)
                + program.usage()
                        .map(usage -> String.format(
                                Locale.ROOT,
                                "; it took %.2f s of CPU time, %.2f s of it in the kernel, and %d MiB",
                                (usage.userMs() + usage.systemMs()) / 1000.0,
                                usage.systemMs() / 1000.0,
                                (usage.maxRssKib() + KIB - 1) / KIB))
                        .orElse("");
    }

    private static String end(ProgramRecord program) {
        if (program.signal().isPresent()) {
            return "the program was killed by signal " + program.signal().getAsInt();
        }
        return program.exit().isPresent()
                ? "the program ended with status " + program.exit().getAsInt()
                : "the program did not end";
    }

    private static String of(Control control) {
        return control.name() + " " + control.observed() + "/" + control.bound() + (control.passed() ? "" : " FAILED");
    }

    private static Path folder(RunRecord run, Path report) {
        return report.resolve(RunFolder.name(run));
    }

    /** Notes name files of the run by the path below the report. */
    private static String withPaths(String text, RunRecord run, Path report) {
        String below = RunFolder.name(run) + "/";
        StringBuilder shown = new StringBuilder();
        int from = 0;
        for (int at = text.indexOf(below); at >= 0; at = text.indexOf(below, from)) {
            boolean begins = at == 0 || " (\n'\"".indexOf(text.charAt(at - 1)) >= 0;
            shown.append(text, from, at).append(begins ? report.resolve(below) + "/" : below);
            from = at + below.length();
        }
        return shown.append(text, from, text.length()).toString();
    }

    /** What a kernel or a program printed must not move the cursor of a terminal. */
    private static String printable(String text) {
        return text.replaceAll("[\\p{Cntrl}&&[^\n\t]]", "\ufffd");
    }
}
