// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.bpf.BpfTarget;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract in a machine, through the agent, on a distribution's kernel. */
@Tag("machine")
class GuestBpfTest extends BpfContract {
    @TempDir
    static Path folder;

    private static Guest guest;

    @BeforeAll
    static void boot() throws Exception {
        ContractObjects.compileTo(folder);
        guest = new TestMachines().boot(folder);
    }

    @AfterAll
    static void end() throws IOException {
        if (guest != null) {
            guest.close();
        }
    }

    @Override
    BpfTarget target() {
        return guest;
    }

    @Override
    BpfObjectFile file(String source) throws IOException {
        return ContractObjects.in(folder, source);
    }

    /** Through QMP, while the agent cannot say a word. */
    @Test
    void readsGlobalsOfAMachineThatStandsStill() throws IOException {
        try (BpfObject bpf = BpfObject.load(guest, file("contract"))) {
            bpf.program("fill_slot").run();
            guest.vm().stop();
            try {
                assertThat(bpf.global("current_slot").as(Slot.class)).isEqualTo(FILLED);
                assertThat(bpf.global("negative").get()).isEqualTo(-5);
            } finally {
                guest.vm().resume();
            }
        }
    }
}
