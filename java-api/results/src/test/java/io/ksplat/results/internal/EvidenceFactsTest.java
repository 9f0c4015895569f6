// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Task;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class EvidenceFactsTest {
    @Test
    void whatIsKnownIsTold() {
        Evidence stall = Evidence.builder(EvidenceKind.SOFT_LOCKUP, "BUG: soft lockup in demo", "soft-lockup: demo")
                .cpu(3)
                .task(new Task("spin", 88))
                .seconds(OptionalDouble.of(22))
                .count(4)
                .line(OptionalLong.of(17))
                .inFlight(List.of("demo_work"))
                .incident("oops-1", Evidence.Role.VICTIM)
                .build();

        assertThat(EvidenceFacts.of(stall))
                .isEqualTo("CPU 3, task spin/88, for 22 s, 4 times, in flight: demo_work, line 17, victim in oops-1");
    }

    @Test
    void aHungTaskTellsWhatItSleepsFor() {
        Task owner = new Task("holder", 7);
        assertThat(EvidenceFacts.of(hung(Optional.of(owner))))
                .isEqualTo("task waiter/8, for 120 s, sleeps for a mutex, likely owned by holder/7");
        assertThat(EvidenceFacts.of(hung(Optional.empty())))
                .endsWith("sleeps for a mutex, whose owner the kernel did not find");
    }

    private static Evidence hung(Optional<Task> owner) {
        return Evidence.builder(EvidenceKind.HUNG_TASK, "INFO: task hung in demo", "hung-task: demo")
                .details(new Details.Hang(new Task("waiter", 8), 120, Optional.of(new Details.Blocker("mutex", owner))))
                .build();
    }

    @Test
    void whatIsNotKnownIsNotTold() {
        assertThat(EvidenceFacts.of(Evidence.builder(EvidenceKind.OTHER, "title", "signature")
                        .build()))
                .isEmpty();
    }
}
