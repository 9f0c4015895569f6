// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PosixRegexTest {
    /** What regexec(3) of glibc finds, with REG_EXTENDED and REG_NEWLINE. */
    static Stream<Arguments> found() {
        return Stream.of(
                Arguments.of("[0-9]+", "id=42, 43", "42"),
                Arguments.of("a|ab", "xabc", "ab"),
                Arguments.of("(a|ab)(c|bcd)", "abcd", "abcd"),
                Arguments.of("[[:digit:]]+[[:space:]]x", "12 x", "12 x"),
                Arguments.of("[^]]+", "]ab]", "ab"),
                Arguments.of("[]x]+", "ab]x", "]x"),
                Arguments.of("[a\\]+", "b\\a", "\\a"),
                Arguments.of("[a-]+", "x-a", "-a"),
                Arguments.of("r[0-9]{1,2}", "r123", "r12"),
                Arguments.of("r{", "r{", "r{"),
                Arguments.of("a{,2}b", "aaab", "aab"),
                Arguments.of("^b", "a\nb", "b"),
                Arguments.of("a$", "a\nb", "a"),
                Arguments.of("\\w+", "  fp_16 ", "fp_16"),
                Arguments.of("\\<in\\>", "min in", "in"),
                Arguments.of("(a)\\1", "aba aa", "aa"),
                Arguments.of("a}", "a}", "a}"),
                Arguments.of("\\(b7\\) r0 \\+= [^ ]+", "(b7) r0 += 7 x", "(b7) r0 += 7"));
    }

    @ParameterizedTest
    @MethodSource("found")
    void findsWhatRegexecFinds(String expression, String text, String found) {
        assertThat(PosixRegex.compile(expression).find(text, 0).map(at -> text.substring(at.start(), at.end())))
                .isEqualTo(Optional.of(found));
    }

    @Test
    void aLineEndsWhatAnyCharacterMatches() {
        assertThat(PosixRegex.compile("a.b").find("a\nb", 0)).isEmpty();
        assertThat(PosixRegex.compile("a[^x]b").find("a\nb", 0)).isEmpty();
        assertThat(PosixRegex.compile("a\nb").find("a\nb", 0)).isPresent();
    }

    @Test
    void whereASearchBeginsALineBegins() {
        assertThat(PosixRegex.compile("^b").find("ab", 1)).isPresent();
        assertThat(PosixRegex.compile("^b").find("ab", 0)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a(", "a[", "*a", "a**", "(?:a)", "[[:nothing:]]", "[[.a.]]", "a\\"})
    void refusesWhatItDoesNotKnow(String expression) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PosixRegex.compile(expression))
                .withMessageContaining("regular expression");
    }

    @Test
    void anExpressionThatNeverEndsIsAnError() {
        String text = "a".repeat(400);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PosixRegex.compile("(a*)".repeat(8) + "b").find(text, 0))
                .withMessageContaining("too long");
    }
}
