// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import io.ksplat.kernel.internal.image.KernelConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A condition on a kernel's configuration, in the notation of LTP: {@code CONFIG_A} is set, to {@code y}, {@code m} or a value;
 * {@code CONFIG_A=y} is set to that, and {@code CONFIG_A=n} is not set; joined by {@code !}, {@code &}, {@code |} and parentheses.
 */
final class KconfigExpression {
    private static final Pattern TOKEN =
            Pattern.compile("\\s*(?:(?<option>CONFIG_\\w+)(?:=(?<value>\"[^\"]*\"|[^\\s&|()!]+))?|(?<sign>[!&|()]))");

    private final String text;
    private final List<Token> tokens = new ArrayList<>();
    private int at;

    /** An option with the value that it is to have, or a sign; of the other there is an empty text. */
    private record Token(String option, String value, String sign) {}

    private KconfigExpression(String text) {
        this.text = text;
        Matcher token = TOKEN.matcher(text.strip());
        int end = text.strip().length();
        for (int from = 0; from < end; from = token.end()) {
            if (!token.region(from, end).lookingAt()) {
                throw wrong();
            }
            tokens.add(new Token(
                    Objects.requireNonNullElse(token.group("option"), ""),
                    Objects.requireNonNullElse(token.group("value"), ""),
                    Objects.requireNonNullElse(token.group("sign"), "")));
        }
    }

    private IllegalArgumentException wrong() {
        return new IllegalArgumentException(
                "\"" + text
                        + "\" is no condition on a kernel's configuration: write CONFIG_A, CONFIG_A=y, and !, &, |, ( and ) between them");
    }

    /**
     * Returns whether a configuration fulfils a condition.
     *
     * @throws IllegalArgumentException in one line, if it is none
     */
    static boolean holds(String text, KernelConfig config) {
        KconfigExpression expression = new KconfigExpression(text);
        boolean holds = expression.either(config);
        if (expression.at != expression.tokens.size()) {
            throw expression.wrong();
        }
        return holds;
    }

    /** Returns what a configuration has of the options of a condition: {@code CONFIG_A=m, CONFIG_B is not set}. */
    static String found(String text, KernelConfig config) {
        return new KconfigExpression(text)
                .tokens.stream()
                        .map(Token::option)
                        .filter(option -> !option.isEmpty())
                        .collect(Collectors.toCollection(TreeSet::new))
                        .stream()
                        .map(option -> option
                                + (value(option, config).equals("n") ? " is not set" : "=" + value(option, config)))
                        .collect(Collectors.joining(", "));
    }

    private static String value(String option, KernelConfig config) {
        return config.values().getOrDefault(option.substring("CONFIG_".length()), "n");
    }

    private boolean isSign(String sign) {
        return at < tokens.size() && tokens.get(at).sign().equals(sign);
    }

    private boolean either(KernelConfig config) {
        boolean holds = both(config);
        while (isSign("|")) {
            at++;
            holds |= both(config);
        }
        return holds;
    }

    private boolean both(KernelConfig config) {
        boolean holds = one(config);
        while (isSign("&")) {
            at++;
            holds &= one(config);
        }
        return holds;
    }

    private boolean one(KernelConfig config) {
        if (at == tokens.size()) {
            throw wrong();
        }
        Token token = tokens.get(at++);
        if (token.sign().equals("!")) {
            return !one(config);
        }
        if (token.sign().equals("(")) {
            boolean holds = either(config);
            if (!isSign(")")) {
                throw wrong();
            }
            at++;
            return holds;
        }
        if (!token.sign().isEmpty()) {
            throw wrong();
        }
        String value = value(token.option(), config);
        return token.value().isEmpty() ? !value.equals("n") : unquoted(value).equals(unquoted(token.value()));
    }

    private static String unquoted(String value) {
        return value.replace("\"", "");
    }
}
