// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Scores the parser on the public {@link Corpus}. */
class CorpusTest {
    /** The types of lock bugs, stalls and hangs. */
    private static final Set<String> LOCKS_AND_HANGS = Set.of("LOCKDEP", "HANG", "ATOMIC_SLEEP");

    private static final Pattern STAMP = Pattern.compile("^\\[ *\\d+\\.\\d{6}\\](?:\\[ *[TC]\\d+\\])? ?");

    private record Answer(Corpus.Log log, List<Evidence> found) {
        boolean isDetected() {
            return !found.isEmpty();
        }

        boolean isTypeRight() {
            return isDetected() && found.get(0).type().equals(log.type());
        }

        boolean isToNameFunction() {
            return !log.corrupted() && Corpus.Log.function(log.title()).isPresent();
        }

        boolean isFunctionRight() {
            Optional<String> named = isDetected() ? found.get(0).function() : Optional.empty();
            return named.filter(log.functions()::contains).isPresent();
        }

        @Override
        public String toString() {
            return log.name() + ": " + log.title() + " | "
                    + (isDetected()
                            ? found.get(0).title() + " | " + found.get(0).type()
                            : "nothing");
        }
    }

    @Test
    void thePublicCorpusIsUnderstood() throws IOException {
        List<Answer> all = Corpus.logs().stream()
                .map(log -> new Answer(log, ConsoleParser.parse(log.text())))
                .toList();
        List<Answer> reports =
                all.stream().filter(answer -> !answer.log().isSilent()).toList();
        List<Answer> silent =
                all.stream().filter(answer -> answer.log().isSilent()).toList();
        List<Answer> hangs = reports.stream()
                .filter(answer -> LOCKS_AND_HANGS.contains(answer.log().type()))
                .toList();
        List<Answer> named = reports.stream().filter(Answer::isToNameFunction).toList();
        print("detected", score(reports, Answer::isDetected));
        print("locks, stalls and hangs detected", score(hangs, Answer::isDetected));
        print("silent ones left alone", score(silent, answer -> !answer.isDetected()));
        print("type right", score(reports, Answer::isTypeRight));
        print("function right", score(named, Answer::isFunctionRight));

        assertThat(hangs)
                .filteredOn(answer -> !answer.isDetected())
                .as("locks, stalls and hangs missed")
                .isEmpty();
        assertThat(silent).filteredOn(Answer::isDetected).as("false alarms").isEmpty();
        assertThat(share(reports, Answer::isDetected)).as("detected").isGreaterThan(0.985);
        assertThat(share(reports, Answer::isTypeRight))
                .as(() -> "type right, except for " + but(reports, Answer::isTypeRight))
                .isGreaterThan(0.98);
        assertThat(share(named, Answer::isFunctionRight))
                .as(() -> "function right, except for " + but(named, Answer::isFunctionRight))
                .isGreaterThan(0.93);
    }

    /** The same consoles in the formats of other tools. */
    @Test
    void whatBroughtTheTextDoesNotMatter() throws IOException {
        Map<String, UnaryOperator<String>> tools = new LinkedHashMap<>();
        tools.put("dmesg -x", line -> "kern  :warn  : " + line);
        tools.put("syslog", line -> "Nov 21 07:01:58 rock kernel: " + line);
        tools.put("journalctl -o short-iso", line -> "2025-11-21T07:01:58+0100 rock kernel: " + line);
        tools.put("raw levels", line -> "<4>" + line);
        tools.put("a serial line", line -> line + "\r");
        tools.put("a coloured terminal", line -> "\u001b[1;31m" + line + "\u001b[0m");
        tools.put("dmesg -d", line -> line.replaceFirst("^(\\[ *\\d+\\.\\d{6})\\](?!\\[)", "$1 <    0.000004>]"));
        for (Map.Entry<String, UnaryOperator<String>> tool : tools.entrySet()) {
            List<String> other = new ArrayList<>();
            List<Corpus.Log> logs = Corpus.logs();
            for (Corpus.Log log : logs) {
                List<String> before = Logs.titles(ConsoleParser.parse(log.text()));
                List<String> after = Logs.titles(ConsoleParser.parse(written(log.text(), tool.getValue())));
                if (!after.equals(before)) {
                    other.add(log.name() + ": " + before + " became " + after);
                }
            }
            print("the same through " + tool.getKey(), (logs.size() - other.size()) + " of " + logs.size());
            assertThat(other.size() / (double) logs.size())
                    .as(() -> tool.getKey() + ": " + other)
                    .isLessThan(0.02);
        }
    }

    /** Two consoles with the same title usually show the same bug, two with different titles show two. */
    @Test
    void signaturesTellBugsApart() throws IOException {
        List<Answer> answers = Corpus.logs().stream()
                .filter(log -> !log.isSilent() && !log.corrupted())
                .map(log -> new Answer(log, ConsoleParser.parse(log.text())))
                .filter(answer -> answer.isDetected() && answer.isTypeRight())
                .toList();
        int same = 0;
        int sameOfSame = 0;
        List<String> confused = new ArrayList<>();
        for (int i = 0; i < answers.size(); i++) {
            for (int j = 0; j < i; j++) {
                Answer a = answers.get(i);
                Answer b = answers.get(j);
                boolean oneBug = a.found().get(0).sameBugAs(b.found().get(0)).same();
                if (a.log().title().equals(b.log().title())) {
                    same++;
                    sameOfSame += oneBug ? 1 : 0;
                } else if (oneBug) {
                    confused.add(a + " and " + b);
                }
            }
        }
        print("one title, one signature", sameOfSame + " of " + same);
        print("two titles, one signature", confused.size() + " pairs");
        assertThat(sameOfSame / (double) same).as("one title, one signature").isGreaterThan(0.8);
        assertThat(confused).as("two titles, one signature").hasSizeLessThan(5);
    }

    private static byte[] written(byte[] text, UnaryOperator<String> tool) {
        StringBuilder written = new StringBuilder();
        for (String line : new String(text, StandardCharsets.ISO_8859_1).split("\n", -1)) {
            // only the kernel's lines change their format
            written.append(STAMP.matcher(line).find() ? tool.apply(line) : line).append('\n');
        }
        return Logs.bytes(written.toString());
    }

    private static void print(String what, String score) {
        System.out.println("corpus: " + what + ": " + score);
    }

    private static double share(List<Answer> entries, Predicate<Answer> right) {
        return entries.stream().filter(right).count() / (double) entries.size();
    }

    private static String score(List<Answer> entries, Predicate<Answer> right) {
        return entries.stream().filter(right).count() + " of " + entries.size();
    }

    private static String but(List<Answer> entries, Predicate<Answer> right) {
        return entries.stream()
                .filter(right.negate())
                .map(Answer::toString)
                .toList()
                .toString();
    }
}
