// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.internal.Runs;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class RunRecordTest {
    private static final RunRecord RUN = Runs.run("a", 1, Verdict.DEADLOCK, Verdict.DEADLOCK);

    @Test
    void isAnErrorWhereCleanWasExpectedUntilMoreIsSaid() {
        RunRecord run = RunRecord.of("a", Runs.KERNEL, 1).build();
        assertThat(run.verdict()).isEqualTo(Verdict.ERROR);
        assertThat(run.expected()).isEqualTo(Verdict.CLEAN);
        assertThat(run.asExpected()).isFalse();
        assertThat(run.accelerator()).isEqualTo("none");
        assertThat(run.target()).isEqualTo("qemu");
    }

    @Test
    void isAsExpectedOnlyIfNothingElseDiffers() {
        assertThat(RUN.asExpected()).isTrue();
        assertThat(RUN.withVerdict(Verdict.CLEAN).asExpected()).isFalse();
        assertThat(RUN.toBuilder().mismatch("another lock").build().asExpected())
                .isFalse();
    }

    @Test
    void changesNothingElseThanWhatTheBuilderIsTold() {
        RunRecord whole = RUN.toBuilder()
                .mismatch("m")
                .because("b")
                .message("why")
                .timeline(List.of(new TimelineEvent(1, OptionalInt.of(0), "nmi", "x")))
                .program(new ProgramRecord(OptionalInt.of(1), OptionalInt.empty(), "out", "err"))
                .watchedMs(5)
                .tool(new ToolRecord("1", List.of("run"), OptionalLong.of(3)))
                .target("local")
                .build();
        assertThat(whole.toBuilder().build()).isEqualTo(whole);
        assertThat(whole.withVerdict(Verdict.CLEAN).withVerdict(Verdict.DEADLOCK))
                .isEqualTo(whole);
    }

    @Test
    void doesNotChangeWithTheListsThatItWasMadeFrom() {
        List<String> notes = new ArrayList<>(List.of("one"));
        RunRecord run = RUN.toBuilder().notes(notes).build();
        notes.add("two");
        assertThat(run.notes()).containsExactly("one");
        assertThat(run.toBuilder().note("two").build().notes()).containsExactly("one", "two");
    }

    @Test
    void tellsARunThatDidNotFinishFromAnError() {
        assertThat(RunRecord.unfinished("a", Runs.KERNEL, 1, Verdict.CLEAN).isFinished())
                .isFalse();
        assertThat(RunRecord.of("a", Runs.KERNEL, 1)
                        .message("QEMU ended")
                        .build()
                        .isFinished())
                .isTrue();
        assertThat(RUN.isFinished()).isTrue();
    }

    @Test
    void recordsTheCallWithoutTheWorkingFolder() {
        String here = System.getProperty("user.dir");
        ToolRecord tool = ToolRecord.of("1.0", List.of("run", here + "/Mine.java", "--report", here), 7);
        assertThat(tool.arguments()).containsExactly("run", "Mine.java", "--report", ".");
        assertThat(tool.seed()).hasValue(7);
    }
}
