// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.engine.Expectation;
import io.ksplat.engine.KernelNeeds;
import io.ksplat.engine.Machine;
import io.ksplat.engine.MachineNeeds;
import io.ksplat.engine.Scenario;
import io.ksplat.engine.SessionOptions;
import io.ksplat.engine.internal.program.ProgramScenario;
import io.ksplat.engine.internal.program.ProgramSpec;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.machine.MachineException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is not run on a real machine, whatever it is. */
class RealTargetsTest {
    @TempDir
    Path folder;

    private RealTargets targets;

    @BeforeEach
    void opens() throws Exception {
        targets = new RealTargets(
                ChosenMachine.find("local", Optional.empty(), Optional.empty()).entry(),
                SessionOptions.standard(Progress.NONE),
                folder);
    }

    private record Needing(MachineNeeds machine) implements Scenario {
        @Override
        public String id() {
            return "needing";
        }

        @Override
        public KernelNeeds needs() {
            return KernelNeeds.NONE;
        }

        @Override
        public Expectation expectedOn(String version) {
            return Expectation.of(Verdict.CLEAN);
        }

        @Override
        public void run(Machine machine) {
            throw new AssertionError("it must not run");
        }
    }

    private static MachineNeeds with(List<String> modules, Optional<String> root, List<Integer> disks) {
        return new MachineNeeds(2, 256, 1, modules, root, disks);
    }

    @Test
    void whatWouldWriteOverItsFilesIsRefused() throws Exception {
        Path script = Files.writeString(folder.resolve("script.sh"), "#!/bin/sh\ntrue\n");
        ProgramSpec spec = ProgramSpec.read(script, ProgramSpec.Kind.SCRIPT, List.of(), Map.of());

        assertThat(targets.lacking(new ProgramScenario("script", spec)))
                .hasValueSatisfying(why -> assertThat(why).contains("local is a real machine", "need QEMU"));
        for (MachineNeeds needs : List.of(
                with(List.of("tun"), Optional.empty(), List.of()),
                with(List.of(), Optional.of("debian"), List.of()),
                with(List.of(), Optional.empty(), List.of(64)))) {
            assertThat(targets.lacking(new Needing(needs))).as("%s", needs).isPresent();
        }
    }

    /** It would end ksplat itself. */
    @Test
    void bootsNoKernelOnTheMachineThatItRunsOn() {
        assertThatThrownBy(() -> targets.kernel(KernelSpec.parse("debian:6.12")))
                .isInstanceOf(KernelException.class)
                .hasMessageStartingWith("--kernel debian:6.12: local is the machine that ksplat runs on");
    }

    @Test
    void whatNeedsNoFilesIsNot() {
        assertThat(targets.lacking(new Needing(MachineNeeds.STANDARD))).isEmpty();
    }

    /** The first attempt would not be the only one that kills it. */
    @Test
    void leavesOutEveryAttemptOfWhatNeverEndedAndTheNextSessionTriesAgain() throws Exception {
        targets.begins("one on 6.12");
        targets.begins("two on 6.12");
        targets.ended("two on 6.12");

        RealTargets next = again();
        for (int attempt = 0; attempt < 2; attempt++) {
            assertThatThrownBy(() -> next.begins("one on 6.12"))
                    .isInstanceOf(MachineException.class)
                    .hasMessageContaining("never ended");
        }
        next.begins("two on 6.12");
        again().begins("one on 6.12");
    }

    private RealTargets again() throws Exception {
        return new RealTargets(
                ChosenMachine.find("local", Optional.empty(), Optional.empty()).entry(),
                SessionOptions.standard(Progress.NONE),
                folder);
    }
}
