// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Noise;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;

/** All rules, the specific ones before the general ones. */
final class Rules {
    static final List<Rule> ALL = all();

    static final Keywords KEYWORDS = new Keywords(keywords());

    private Rules() {}

    /** A rule that matches a line. */
    record Match(Rule rule, Matcher head) {}

    static Optional<Match> match(String text) {
        if (text.length() < Keywords.SHORTEST) {
            return Optional.empty();
        }
        for (Rule rule : ALL) {
            if (text.contains(rule.keyword())) {
                Matcher matcher = rule.head().matcher(text);
                if (matcher.find()) {
                    return Optional.of(new Match(rule, matcher));
                }
            }
        }
        return Optional.empty();
    }

    private static List<Rule> all() {
        List<Rule> rules = new ArrayList<>();
        rules.addAll(StreamRules.RULES);
        rules.addAll(LockRules.RULES);
        rules.addAll(StallRules.RULES);
        rules.addAll(MemoryRules.RULES);
        rules.addAll(FaultRules.RULES);
        rules.addAll(WarningRules.RULES);
        return List.copyOf(rules);
    }

    private static List<String> keywords() {
        Set<String> words = new LinkedHashSet<>();
        ALL.forEach(rule -> words.add(rule.keyword()));
        for (Noise noise : Noise.values()) {
            words.add(noise.keyword());
        }
        // a search for the shorter word finds the longer one too
        return words.stream()
                .filter(word -> words.stream().noneMatch(other -> !other.equals(word) && word.contains(other)))
                .toList();
    }
}
