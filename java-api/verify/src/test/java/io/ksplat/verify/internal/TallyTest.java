// SPDX-License-Identifier: Apache-2.0
package io.ksplat.verify.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.verify.internal.Event.Kind;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class TallyTest {
    private final Tally tally = new Tally(List.of(Pattern.compile("^a\\.OldTest#.*: .*UNSUPPORTED as expected")));

    private void add(Kind kind, String test, String text) {
        tally.add(Event.parse(new Event(kind, "machine", test, 7, text).line().replace("\n", ""))
                .orElseThrow());
    }

    @Test
    void countsEachTestOnce() {
        add(Kind.PASSED, "a.OneTest#a", "");
        add(Kind.FAILED, "a.OneTest#b", "expected: 1\nbut was: 2");
        add(Kind.SKIPPED, "a.OneTest#c", "no docker");
        assertThat(tally.passed()).isOne();
        assertThat(tally.done()).isEqualTo(3);
        assertThat(tally.failed())
                .singleElement()
                .satisfies(event -> assertThat(event.text()).isEqualTo("expected: 1 but was: 2"));
    }

    @Test
    void callsWhatPassesTheSecondTimeFlaky() {
        add(Kind.FAILED, "a.OneTest#a", "late");
        add(Kind.PASSED, "a.OneTest#a", "");
        assertThat(tally.failed()).isEmpty();
        assertThat(tally.flaky()).hasSize(1);
        assertThat(tally.passed()).isOne();
    }

    @Test
    void whatFailsTwiceFailed() {
        add(Kind.FAILED, "a.OneTest#a", "late");
        add(Kind.FAILED, "a.OneTest#a", "late");
        assertThat(tally.failed()).hasSize(1);
        assertThat(tally.flaky()).isEmpty();
    }

    @Test
    void theSameTestOnAnotherKernelIsAnotherOne() {
        tally.add(new Event(Kind.FAILED, "reproducers@debian:6.12", "A#run", 1, ""));
        tally.add(new Event(Kind.PASSED, "reproducers@debian:7.2", "A#run", 1, ""));
        assertThat(tally.failed()).hasSize(1);
        assertThat(tally.passed()).isOne();
    }

    @Test
    void tellsTheSkipsThatNobodyForesawFromThoseOfTime() {
        add(Kind.SKIPPED, "a.OldTest#a", "TestAbortedException: UNSUPPORTED as expected: 6.1 has none");
        add(Kind.SKIPPED, "a.OtherTest#a", "UNSUPPORTED as expected: 6.1 has none");
        add(Kind.SKIPPED, "a.LateTest", TimeLimit.REASON);
        assertThat(tally.skipped()).extracting(Event::test).containsExactly("a.OldTest#a", "a.OtherTest#a");
        assertThat(tally.surprises()).extracting(Event::test).containsExactly("a.OtherTest#a");
        assertThat(tally.unfit()).extracting(Event::test).containsExactly("a.LateTest");
    }

    @Test
    void knowsWhatRuns() {
        add(Kind.CLASS, "a.OneTest", "");
        assertThat(tally.running()).extracting(Event::className).containsExactly("a.OneTest");
        add(Kind.ENDED, "a.OneTest", "");
        assertThat(tally.running()).isEmpty();
        assertThat(tally.ended()).containsEntry("machine a.OneTest", 7L);
    }

    @Test
    void aLineThatWasCutOffIsNoEvent() {
        String line = new Event(Kind.PASSED, "machine", "a.OneTest#a", 7, "").line();
        assertThat(Event.parse(line.substring(0, line.indexOf("machine") + 3))).isEmpty();
        assertThat(Event.parse("")).isEmpty();
        assertThat(Event.parse("NONE\tmachine\ta\t1\t")).isEmpty();
    }
}
