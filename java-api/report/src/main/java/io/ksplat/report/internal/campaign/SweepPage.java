// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.campaign;

import io.ksplat.evidence.Verdict;
import io.ksplat.report.internal.page.Words;
import io.ksplat.results.internal.campaign.SweepRecord;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The page of a sweep.
 *
 * @param root from the page's folder to the report's
 */
public record SweepPage(
        SweepRecord sweep,
        String root,
        Optional<SweepStrip> strip,
        List<Stretch> stretches,
        List<Function> functions,
        List<String> files) {
    private static final int MOST_STRETCHES = 500;
    private static final int MOST_FUNCTIONS = 300;
    private static final int MOST_CODE = 8000;
    private static final int MOST_RANGES = 6;

    public SweepPage {
        stretches = List.copyOf(stretches);
        functions = List.copyOf(functions);
        files = List.copyOf(files);
    }

    /** Neighbouring points with the same result. */
    public record Stretch(
            SweepRecord.Stretch stretch, String from, String to, String holds, String waitsFor, String message) {}

    /**
     * A function of the path.
     *
     * @param steps how many instructions of the path are its
     * @param code its instructions on the path, as far as the page has room
     */
    public record Function(
            String name,
            int steps,
            String deadly,
            String safe,
            String waitsFor,
            List<SweepRecord.Instruction> code,
            int left) {
        public Function {
            code = List.copyOf(code);
        }
    }

    public static SweepPage of(SweepRecord sweep, String root, List<String> files) {
        List<Function> functions = new ArrayList<>();
        int room = MOST_CODE;
        for (SweepRecord.Function function : sweep.functions()) {
            if (functions.size() == MOST_FUNCTIONS) {
                break;
            }
            Function shown = function(function, room);
            room -= shown.code.size();
            functions.add(shown);
        }
        return new SweepPage(sweep, root, SweepStrip.of(sweep), stretches(sweep), functions, files);
    }

    private static List<Stretch> stretches(SweepRecord sweep) {
        Map<Integer, SweepRecord.Point> points = new TreeMap<>();
        sweep.measured().forEach(point -> points.put(point.n(), point));
        List<Stretch> all = new ArrayList<>();
        for (SweepRecord.Stretch stretch : sweep.stretches()) {
            if (all.size() == MOST_STRETCHES) {
                break;
            }
            Set<String> held = new LinkedHashSet<>();
            boolean any = false;
            for (SweepRecord.Point point : sweep.measured()) {
                if (point.n() >= stretch.from() && point.n() <= stretch.to()) {
                    if (any) {
                        held.retainAll(point.holds());
                    } else {
                        held.addAll(point.holds());
                        any = true;
                    }
                }
            }
            Optional<SweepRecord.Point> from = Optional.ofNullable(points.get(stretch.from()));
            all.add(new Stretch(
                    stretch,
                    from.map(SweepRecord.Point::where).orElse(""),
                    Optional.ofNullable(points.get(stretch.to()))
                            .map(SweepRecord.Point::where)
                            .orElse(""),
                    String.join(", ", held),
                    stretch.waitsFor().orElse(""),
                    from.flatMap(SweepRecord.Point::message).orElse("")));
        }
        return all;
    }

    private static Function function(SweepRecord.Function function, int room) {
        int shown = Math.min(Math.max(0, room), function.code().size());
        return new Function(
                function.name(),
                function.code().stream()
                        .mapToInt(each -> each.visits().size() + each.more())
                        .sum(),
                ranges(function.code(), each -> each.effect().matches("[DdBb]")),
                ranges(function.code(), each -> each.effect().matches("[Ss]")),
                function.code().stream()
                        .flatMap(each -> each.waitsFor().stream())
                        .distinct()
                        .limit(4)
                        .collect(Collectors.joining(", ")),
                function.code().subList(0, shown),
                function.code().size() - shown);
    }

    private static String ranges(List<SweepRecord.Instruction> code, Predicate<SweepRecord.Instruction> wanted) {
        List<String> ranges = new ArrayList<>();
        for (int i = 0; i < code.size(); i++) {
            if (!wanted.test(code.get(i))) {
                continue;
            }
            int last = i;
            while (last + 1 < code.size() && wanted.test(code.get(last + 1))) {
                last++;
            }
            String from = "+0x" + Long.toHexString(code.get(i).offset());
            ranges.add(
                    last == i
                            ? from
                            : from + " to +0x" + Long.toHexString(code.get(last).offset()));
            i = last;
        }
        return ranges.stream().limit(MOST_RANGES).collect(Collectors.joining(", "))
                + (ranges.size() > MOST_RANGES ? ", ..." : "");
    }

    public static String style(Stretch line) {
        return SweepStrip.style(line.stretch().verdict());
    }

    /** Returns the style of an instruction. */
    public static String style(SweepRecord.Instruction instruction) {
        return switch (instruction.effect()) {
            case "D", "d", "B", "b" -> "deadly";
            case "S", "s" -> "safe";
            default -> "unclear";
        };
    }

    /** Returns what a letter means. */
    public static String meaning(SweepRecord.Instruction instruction) {
        return switch (instruction.effect()) {
            case "D" -> "deadlocks";
            case "d" -> "deadlocks (inferred)";
            case "S" -> "safe";
            case "s" -> "safe (inferred)";
            case "B" -> "depends on the visit";
            case "b" -> "depends on the visit (inferred)";
            default -> "unclear";
        };
    }

    public static String visits(SweepRecord.Instruction instruction) {
        return instruction.visits().stream().map(String::valueOf).collect(Collectors.joining(" "))
                + (instruction.more() > 0 ? " and " + instruction.more() + " more" : "");
    }

    public String title() {
        return "Sweep: " + Words.shortened(sweep.reproducer()) + " on " + Words.shortened(sweep.kernel());
    }

    /** Returns the result in one sentence. */
    public String sentence() {
        return sentence(sweep);
    }

    static String sentence(SweepRecord sweep) {
        List<SweepRecord.Point> measured = sweep.measured();
        long dead = measured.stream()
                .filter(point -> point.verdict() == Verdict.DEADLOCK)
                .count();
        long failed = measured.stream()
                .filter(point -> point.verdict() != Verdict.DEADLOCK && point.verdict() != Verdict.CLEAN)
                .count();
        String locks = measured.stream()
                .flatMap(point -> point.waitsFor().stream())
                .distinct()
                .limit(4)
                .map(Words::shortened)
                .collect(Collectors.joining(", "));
        return String.format(
                Locale.ROOT,
                "From %s on CPU %d, an NMI was sent before each of %d instructions: before %d of them it deadlocks%s%s.",
                Words.shortened(sweep.from()),
                sweep.cpu(),
                measured.size(),
                dead,
                locks.isEmpty() ? "" : ", waiting for " + locks,
                failed == 0 ? "" : "; " + failed + " have no result");
    }

    public String stripWords() {
        return SweepStrip.words(sweep);
    }

    /** Returns the command that repeats it on the same anchor. */
    public String command() {
        int first = sweep.steps().isEmpty() ? 0 : sweep.steps().get(0).n();
        int stride = sweep.steps().size() < 2 ? 1 : sweep.steps().get(1).n() - first;
        return "ksplat sweep " + Words.quoted(sweep.reproducer()) + " --anchor " + Words.quoted(sweep.anchor())
                + " --kernel " + Words.quoted(sweep.kernel()) + " --start " + first + " --points "
                + sweep.steps().size() + (stride > 1 ? " --stride " + stride : "");
    }

    public int leftStretches() {
        return sweep.stretches().size() - stretches.size();
    }

    public int leftFunctions() {
        return sweep.functions().size() - functions.size();
    }
}
