// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RulesTest {
    /** Returns the rules that match a line of the golden logs. */
    private static Set<Rule> hit() throws IOException, URISyntaxException {
        Path folder = Path.of(Objects.requireNonNull(RulesTest.class.getResource("/golden"), "golden")
                .toURI());
        Set<Rule> hit = new LinkedHashSet<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".log")).toList()) {
                LineReader reader = new LineReader();
                for (String raw :
                        Files.readString(file, StandardCharsets.ISO_8859_1).split("[\\r\\n]+", -1)) {
                    byte[] bytes = raw.getBytes(StandardCharsets.ISO_8859_1);
                    reader.read(bytes, 0, bytes.length).stream()
                            .flatMap(line -> Rules.match(line).stream())
                            .forEach(match -> hit.add(match.rule()));
                }
            }
        }
        return hit;
    }

    private static String row(Rule rule) {
        return rule.source() + " | " + rule.head();
    }

    /** A rule without a log is a guess. Write a golden log for it, after the kernel's printer. */
    @Test
    void everyRuleIsHitByAGoldenLog() throws IOException, URISyntaxException {
        Set<Rule> hit = hit();
        assertThat(Rules.ALL.stream().filter(rule -> !hit.contains(rule)).map(RulesTest::row))
                .isEmpty();
    }

    /** So that a reader can compare the rule with the line that the kernel prints. */
    @Test
    void everyRuleCitesTheSourceThatPrintsItsHead() {
        assertThat(Rules.ALL)
                .filteredOn(rule -> !rule.source().matches("[a-z]+(?:/[\\w.-]+)+\\.(?:c|h|rs)"))
                .extracting(Rule::source)
                .containsExactlyInAnyOrder("tools outside the kernel", "pr_err(\"BUG: ...\") all over the kernel");
    }

    @Test
    void noTwoRulesAreTheSame() {
        assertThat(Rules.ALL).extracting(RulesTest::row).doesNotHaveDuplicates();
    }

    @Test
    void aTitleKnowsItsSlots() {
        assertThat(Rule.Slot.in("KASAN: {1} {access} in {f}"))
                .containsExactly(Rule.Slot.SAID, Rule.Slot.ACCESS, Rule.Slot.FUNCTION);
        assertThat(Rule.Slot.in("BUG: workqueue lockup")).isEmpty();
        assertThatThrownBy(() -> Rule.Slot.in("BUG in {function}")).hasMessageContaining("{function}");
    }

    @Test
    void whatATitleLeavesOpenTheRuleProvides() {
        for (Rule rule : Rules.ALL) {
            assertThat(rule.slots().contains(Rule.Slot.FUNCTION))
                    .as(row(rule))
                    .isEqualTo(rule.blame() != Rule.Blame.NONE);
            boolean named = rule.blame() == Rule.Blame.HEAD || rule.blame() == Rule.Blame.NAMED;
            assertThat(rule.head().pattern().contains("(?<f>")).as(row(rule)).isEqualTo(named);
            assertThat(rule.head().pattern().contains("(?<other>"))
                    .as(row(rule))
                    .isEqualTo(rule.slots().contains(Rule.Slot.OTHER));
            if (rule.slots().contains(Rule.Slot.SAID)) {
                assertThat(rule.head().matcher("").groupCount()).as(row(rule)).isPositive();
            }
        }
    }
}
