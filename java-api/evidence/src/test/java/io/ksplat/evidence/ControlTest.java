// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ControlTest {
    private static Control bounded(long required, long most, long observed) {
        return new Control(Control.Role.EFFECT, "counted", required, observed, OptionalLong.of(most));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 5, 0, true", "0, 5, 5, true", "0, 5, 6, false",
        "3, 3, 2, false", "3, 3, 3, true", "3, 3, 4, false",
        "1, 5, 0, false", "1, 5, 6, false"
    })
    void anUpperBoundCounts(long required, long most, long observed, boolean passes) {
        assertThat(bounded(required, most, observed).passed()).isEqualTo(passes);
    }

    @Test
    void theBoundIsToldInWords() {
        assertThat(bounded(0, 5, 1).bound()).isEqualTo("at most 5");
        assertThat(bounded(3, 3, 1).bound()).isEqualTo("exactly 3");
        assertThat(bounded(1, 5, 1).bound()).isEqualTo("1 to 5");
        assertThat(Control.effect("dropped", 2, 1).bound()).isEqualTo("2");
    }

    @Test
    void theRoleSaysWhomAFailureAccuses() {
        assertThat(Control.stimulus("nmi", 2, 1)).isEqualTo(new Control(Control.Role.STIMULUS, "nmi", 2, 1));
        assertThat(Control.effect("freed", 2, 1)).isEqualTo(new Control(Control.Role.EFFECT, "freed", 2, 1));
        assertThat(Control.observer("kasan", 1, 0)).isEqualTo(new Control(Control.Role.OBSERVER, "kasan", 1, 0));
    }

    @ParameterizedTest
    @CsvSource({
        "nmi, STIMULUS",
        "storm, STIMULUS",
        "sysrq, STIMULUS",
        "exit:repro.c, STIMULUS",
        "lockdep, OBSERVER",
        "kasan, OBSERVER",
        "quiet, OBSERVER",
        "dropped, EFFECT",
        "freed, EFFECT",
        "freed:delayed_put_task_struct, EFFECT",
        "reached:bpf_map_update_elem, EFFECT",
        "atLeast, EFFECT",
        "atMost, EFFECT",
        "anything else, EFFECT"
    })
    void aWellKnownNameTellsTheRole(String name, Control.Role role) {
        assertThat(Control.Role.ofName(name)).isEqualTo(role);
    }
}
