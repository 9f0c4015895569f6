// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ExpectedEndTest {
    private static final ExpectedEnd WELL = new ExpectedEnd.Exit(0);
    private static final ExpectedEnd WITH_3 = new ExpectedEnd.Exit(3);
    private static final ExpectedEnd NEVER = new ExpectedEnd.UntilTheEnd();

    private static final OptionalInt RUNS = OptionalInt.empty();
    private static final OptionalInt SEGFAULT = OptionalInt.of(11);
    private static final OptionalInt SEGFAULT_WITH_CORE = OptionalInt.of(0x80 | 11);
    private static final OptionalInt KILLED = OptionalInt.of(9);

    private static OptionalInt exited(int status) {
        return OptionalInt.of(status << 8);
    }

    @Test
    void aProgramHasToExitWell() {
        assertThat(WELL.failure(exited(0), false)).isEmpty();
        assertThat(WELL.failure(exited(3), false)).contains("it exited with status 3");
        assertThat(WELL.failure(SEGFAULT, false)).contains("it was killed by SIGSEGV");
        assertThat(WELL.failure(SEGFAULT_WITH_CORE, false)).contains("it was killed by SIGSEGV");
        assertThat(WELL.failure(OptionalInt.of(50), false)).contains("it was killed by signal 50");
        assertThat(WELL.failure(RUNS, false)).contains("it still runs");
    }

    @Test
    void anotherStatusMayBeExpected() {
        assertThat(WITH_3.failure(exited(3), false)).isEmpty();
        assertThat(WITH_3.failure(exited(0), false)).contains("it exited with status 0");
        assertThat(WITH_3.failure(OptionalInt.of(3), false)).contains("it was killed by SIGQUIT");
    }

    @Test
    void whatKsplatKillsDoesNotFail() {
        assertThat(WELL.failure(KILLED, true)).isEmpty();
        assertThat(NEVER.failure(KILLED, true)).isEmpty();
    }

    @Test
    void whatEndedBeforeKsplatKilledItIsJudged() {
        assertThat(WELL.failure(SEGFAULT, true)).contains("it was killed by SIGSEGV");
        assertThat(WELL.failure(exited(3), true)).contains("it exited with status 3");
        assertThat(WELL.failure(exited(0), true)).isEmpty();
    }

    @Test
    void whatSomebodyElseKillsFails() {
        assertThat(WELL.failure(KILLED, false)).contains("it was killed by SIGKILL");
        assertThat(NEVER.failure(KILLED, false)).contains("it was killed by SIGKILL before the end");
    }

    @Test
    void whatRunsUntilTheEndMustNotEndBefore() {
        assertThat(NEVER.failure(RUNS, false)).isEmpty();
        assertThat(NEVER.failure(exited(0), false)).contains("it exited with status 0 before the end");
    }

    @Test
    void whatDoesNotDieIsToldOf() {
        assertThat(WELL.failure(RUNS, true)).contains("it was killed and did not end");
        assertThat(NEVER.failure(RUNS, true)).contains("it was killed and did not end");
    }

    @Test
    void itMayNotMatter() {
        assertThat(new ExpectedEnd.Any().failure(SEGFAULT, false)).isEmpty();
        assertThat(new ExpectedEnd.Any().failure(RUNS, false)).isEmpty();
    }
}
