// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class MessagesTest {
    private static final String LOG = "one r1=4\ntwo r2=5\nthree\none again\n";

    private static Messages of(String... texts) {
        Messages messages = Messages.NONE;
        for (String text : texts) {
            boolean negative = text.startsWith("!");
            messages = messages.and(Message.of(negative ? text.substring(1) : text, false, negative));
        }
        return messages;
    }

    private static Messages lines(String... texts) {
        Messages messages = Messages.NONE;
        boolean next = true;
        for (String text : texts) {
            if (!text.equals("...")) {
                messages = messages.and(Message.of(text, next, false));
            }
            next = !text.equals("...");
        }
        return messages;
    }

    private static Optional<String> mismatch(Messages messages) {
        return messages.mismatch("the log", LOG);
    }

    @Test
    void messagesComeInTheirOrder() {
        assertThat(mismatch(of("one", "two", "one"))).isEmpty();
        assertThat(mismatch(of("two", "one r1")))
                .contains("the log was to have \"one r1\" after \"two\", and has it not");
        assertThat(mismatch(of("again", "one"))).isPresent();
    }

    @Test
    void aMessageIsLookedForAfterTheEndOfTheOneBefore() {
        assertThat(mismatch(of("r1=4", "=4"))).isPresent();
        assertThat(mismatch(of("r1{{.}}4", "{{=}}4"))).isPresent();
        assertThat(mismatch(of("r{{[0-9]}}=", "4"))).isEmpty();
    }

    @Test
    void whatMustNotBeThereIsLookedForBetweenItsNeighbours() {
        assertThat(mismatch(of("!two"))).contains("the log has \"two r2=5\", and was not to have \"two\"");
        assertThat(mismatch(of("one", "!two", "three"))).isPresent();
        assertThat(mismatch(of("one", "two", "!two", "three"))).isEmpty();
        assertThat(mismatch(of("!two", "one"))).isEmpty();
        assertThat(mismatch(of("three", "!two"))).isEmpty();
        assertThat(mismatch(of("one", "!four", "!two", "three")))
                .as("the second of two in a row counts as well")
                .isPresent();
    }

    @Test
    void textOutsideOfBracesIsPlain() {
        assertThat(of("r1=4{{$}}").mismatch("the log", LOG)).isEmpty();
        assertThat(of("r.=4{{$}}").mismatch("the log", LOG)).isPresent();
        assertThat(of("a(b)*[c]{{x+}}{d}").mismatch("the log", "a(b)*[c]xx{d}")).isEmpty();
        assertThat(of("({{a|b}})").mismatch("the log", "(b)")).isEmpty();
    }

    @Test
    void linesFollowEachOther() {
        assertThat(mismatch(lines("one", "two", "three"))).isEmpty();
        assertThat(mismatch(lines("one", "three")))
                .contains("the log was to have \"three\" on line 2 after \"one\", and has it on line 3");
        assertThat(mismatch(lines("one", "...", "three"))).isEmpty();
        assertThat(mismatch(lines("two", "three")))
                .as("the first may be anywhere")
                .isEmpty();
        assertThat(mismatch(lines("one", "r1")))
                .as("the same line is not the next")
                .isPresent();
    }

    @Test
    void anExpressionHasRoomFor255Bytes() {
        assertThat(Message.of("x".repeat(248) + "{{.}}", false, false).regex()).isPresent();
        assertThat(Message.of("x".repeat(1000), false, false).regex()).isEmpty();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Message.of("x".repeat(254) + "{{.}}", false, false))
                .withMessageContaining("255");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Message.of(".".repeat(130) + "{{.}}", false, false))
                .withMessageContaining("255");
        assertThatIllegalArgumentException().isThrownBy(() -> Message.of("a{{b", false, false));
    }

    /** Plain words drawn from a text in its order match; with two of them exchanged they do not, if each is there once. */
    @RepeatedTest(200)
    void whatIsDrawnInOrderMatchesAndElseNot(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        List<String> words = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            words.add("w" + (100 + i) + (random.nextBoolean() ? "\n" : " "));
        }
        String text = String.join("", words);
        List<String> drawn = words.stream()
                .map(String::strip)
                .filter(word -> random.nextInt(3) == 0)
                .toList();
        assertThat(of(drawn.toArray(String[]::new)).mismatch("the text", text)).isEmpty();
        if (drawn.size() < 2) {
            return;
        }
        List<String> exchanged = new ArrayList<>(drawn);
        int at = random.nextInt(drawn.size() - 1);
        exchanged.set(at, drawn.get(at + 1));
        exchanged.set(at + 1, drawn.get(at));
        assertThat(of(exchanged.toArray(String[]::new)).mismatch("the text", text))
                .isPresent();
        List<String> withOneMore = new ArrayList<>(drawn);
        withOneMore.add(at, "{{w[0-9]+x}}");
        assertThat(of(withOneMore.toArray(String[]::new)).mismatch("the text", text))
                .isPresent();
        List<String> without = new ArrayList<>(drawn);
        without.add(at, "!{{w[0-9]+x}}");
        assertThat(of(without.toArray(String[]::new)).mismatch("the text", text))
                .isEmpty();
    }
}
