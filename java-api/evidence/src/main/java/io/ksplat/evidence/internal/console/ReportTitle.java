// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.EvidenceKind.Meaning;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Verdict;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The title of a report as bug trackers write it, for example {@code KASAN: slab-use-after-free Read in foo}. The forms are those of the
 * titles of {@link Rules}.
 *
 * @param text as it was written
 * @param kind of the reports that have such a title
 * @param head all but the functions, in the form that is compared
 * @param functions that it names; two for a race
 */
public record ReportTitle(String text, EvidenceKind kind, String head, List<String> functions) {
    /** A tracker numbers bugs of one title: {@code WARNING in foo (2)}. */
    private static final Pattern NUMBER = Pattern.compile(" \\(\\d+\\)$");

    private static final Pattern FUNCTIONS =
            Pattern.compile("(?<head>.*) in (?<function>[\\w.$]+)(?: / (?<other>[\\w.$]+))?");
    private static final List<Form> FORMS = Rules.ALL.stream()
            .filter(rule -> rule.kind() != EvidenceKind.VERIFIER)
            .flatMap(rule -> Form.of(rule).stream())
            .sorted(Comparator.comparingInt(Form::literal).reversed())
            .toList();

    public ReportTitle {
        functions = List.copyOf(functions);
    }

    /** The title of a rule as a pattern. */
    private record Form(Pattern pattern, EvidenceKind kind, int literal) {
        private static final Pattern SLOT = Pattern.compile(" \\{access}| in \\{f}|\\{\\w+}");

        /** Less text than this tells no title from a sentence. */
        private static final int LEAST = 4;

        /** With this much a title is told without its function. */
        private static final int ENOUGH = 9;

        static Optional<Form> of(Rule rule) {
            String title = rule.title();
            int literal = SLOT.matcher(title).replaceAll("").length();
            if (literal < LEAST) {
                return Optional.empty();
            }
            StringBuilder regex = new StringBuilder();
            int from = 0;
            for (MatchResult slot : SLOT.matcher(title).results().toList()) {
                regex.append(Pattern.quote(title.substring(from, slot.start())));
                from = slot.end();
                regex.append(
                        switch (slot.group()) {
                            case " {access}" -> "(?: Read| Write)?";
                            case " in {f}" -> literal < ENOUGH ? " in \\S+" : "(?: in \\S+)?";
                            default -> ".+";
                        });
            }
            regex.append(Pattern.quote(title.substring(from)));
            return Optional.of(new Form(Pattern.compile(regex.toString()), rule.kind(), literal));
        }
    }

    /** Returns the title that a text is; empty if no report of the kernel has such a one. */
    public static Optional<ReportTitle> parse(String text) {
        String title = NUMBER.matcher(text.strip()).replaceFirst("");
        return FORMS.stream()
                .filter(form -> form.pattern().matcher(title).matches())
                .findFirst()
                .map(form -> of(title, form.kind()));
    }

    private static ReportTitle of(String title, EvidenceKind kind) {
        Matcher parts = FUNCTIONS.matcher(title);
        if (!parts.matches()) {
            return new ReportTitle(title, kind, comparable(title), List.of());
        }
        List<String> functions = parts.group("other") == null
                ? List.of(parts.group("function"))
                : List.of(parts.group("function"), parts.group("other"));
        return new ReportTitle(title, kind, comparable(parts.group("head")), functions);
    }

    /** Since 6.1 KASAN names the allocator of an object that was freed (mm/kasan/report_generic.c); UBSAN's words are joined by some. */
    private static String comparable(String head) {
        return head.replaceFirst("\\bslab-use-after-free", "use-after-free").replace('-', ' ');
    }

    /** Returns the verdict of a run that ends in such a report. */
    public Verdict verdict() {
        return isHang() ? Verdict.DEADLOCK : Verdict.CRASH;
    }

    private boolean isHang() {
        return kind.meaning() == Meaning.DEADLOCK || kind.meaning() == Meaning.STALL;
    }

    /**
     * Returns whether evidence is of the bug with this title: a report with the same head, whose first stack has the function. What is
     * read from outside has no head: for a deadlock or a hang the function must be in some stack of it.
     */
    public boolean isOf(Evidence found) {
        if (found.source() == Source.OUTSIDE) {
            return isHang()
                    && found.kind().type().equals(EvidenceKind.CPU_STUCK.type())
                    && names(found, found.stacks().size());
        }
        String title = NUMBER.matcher(found.title()).replaceFirst("");
        return of(title, found.kind()).head().equals(head) && (functions.isEmpty() || names(found, 1));
    }

    private boolean names(Evidence found, int stacks) {
        return functions.stream()
                .map(ReportTitle::plain)
                .anyMatch(function -> found.function()
                                .map(ReportTitle::plain)
                                .filter(function::equals)
                                .isPresent()
                        || found.stacks().stream()
                                .limit(stacks)
                                .flatMap(stack -> stack.frames().stream())
                                .anyMatch(frame -> plain(frame.function()).equals(function)));
    }

    /** The compiler numbers parts and clones of a function: {@code foo.isra.0}. */
    private static String plain(String function) {
        int end = function.indexOf('.', 1);
        return end < 0 ? function : function.substring(0, end);
    }
}
