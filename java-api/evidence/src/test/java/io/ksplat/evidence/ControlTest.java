// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ControlTest {
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
