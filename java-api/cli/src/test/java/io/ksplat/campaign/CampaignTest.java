// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Verdict;
import io.ksplat.junit.Lab;
import io.ksplat.junit.Settings;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.reproducers.acceptance.Prepared;
import io.ksplat.reproducers.acceptance.SplatsBefore;
import io.ksplat.results.RunRecord;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CampaignTest {
    @TempDir
    Path folder;

    private List<RunRecord> run(Lab lab, int repeat) throws Exception {
        return run(lab, "nmi-cpumask-kptr", repeat, Map.of());
    }

    private List<RunRecord> run(Lab lab, String id, int repeat, Map<String, String> more) throws Exception {
        List<RunRecord> told = new ArrayList<>();
        Map<String, String> parameters = new HashMap<>(more);
        parameters.put(Settings.Keys.REPORT, folder.toString());
        new Campaign(lab, parameters, 2)
                .run(
                        List.of(Catalogue.load().find(id)),
                        List.of(KernelSpec.parse("debian:7.2")),
                        repeat,
                        told::add,
                        (what, why) -> {
                            throw new AssertionError(what, why);
                        });
        return told;
    }

    @Test
    @Tag("machine")
    void oneLabServesManyCampaigns() throws Exception {
        try (Lab lab = new Lab(Cache.standard(), Progress.NONE, Optional.empty(), List.of())) {
            assertThat(run(lab, 1)).extracting(RunRecord::verdict).containsExactly(Verdict.CLEAN);
            assertThat(lab.isInterrupted()).isFalse();
            assertThat(run(lab, 2))
                    .as("attempts of the second campaign, and none of the first")
                    .extracting(RunRecord::attempt)
                    .containsExactly(1, 2);
        }
    }

    @Test
    @Tag("machine")
    void repeatsStartFromAMachineThatWasFrozenAfterTheSetUp() throws Exception {
        Prepared.SET_UPS.set(0);
        Prepared.COUNTS.clear();
        Prepared.RANDOM.clear();
        try (Lab lab = new Lab(Cache.standard(), Progress.NONE, Optional.empty(), List.of())) {
            assertThat(run(lab, "acceptance-prepared", 6, Map.of()))
                    .allSatisfy(run -> {
                        assertThat(run.verdict()).as(run.toString()).isEqualTo(Verdict.CLEAN);
                        assertThat(run.origin()).isEqualTo("template");
                    })
                    .hasSize(6);
        }
        assertThat(Prepared.COUNTS)
                .as("each goes on from the second")
                .containsOnly(3L)
                .hasSize(6);
        assertThat(Prepared.SET_UPS.get())
                .as("once for all, and for who began before the machine was frozen")
                .isBetween(1, 3);
        assertThat(Prepared.RANDOM).doesNotHaveDuplicates();
    }

    @Test
    @Tag("machine")
    void freshMachinesAreSetUpEachTime() throws Exception {
        Prepared.SET_UPS.set(0);
        try (Lab lab = new Lab(Cache.standard(), Progress.NONE, Optional.empty(), List.of())) {
            assertThat(run(lab, "acceptance-prepared", 3, Map.of(Settings.Keys.FRESH, "true")))
                    .extracting(RunRecord::origin)
                    .containsOnly("boot");
        }
        assertThat(Prepared.SET_UPS).hasValue(3);
    }

    @Test
    @Tag("machine")
    void aMachineThatSplatsInItsSetUpIsNotFrozen() throws Exception {
        SplatsBefore.SET_UPS.set(0);
        try (Lab lab = new Lab(Cache.standard(), Progress.NONE, Optional.empty(), List.of())) {
            List<RunRecord> runs = run(lab, "acceptance-splats-before", 3, Map.of());

            assertThat(runs)
                    .extracting(RunRecord::verdict)
                    .containsOnly(Verdict.CRASH)
                    .hasSize(3);
            assertThat(runs.get(0).notes()).anyMatch(note -> note.contains("cannot be frozen"));
            assertThat(runs)
                    .allSatisfy(run -> assertThat(run.timings().totalMs())
                            .as("with the boot that confirms it")
                            .isGreaterThan(2 * run.timings().restoreMs().orElseThrow()));
        }
        assertThat(SplatsBefore.SET_UPS)
                .as("each attempt, and each that confirms one")
                .hasValue(6);
    }

    @Test
    @Tag("machine")
    void controlsOfTheSetUpAreRefused() throws Exception {
        try (Lab lab = new Lab(Cache.standard(), Progress.NONE, Optional.empty(), List.of())) {
            assertThat(run(lab, "acceptance-controls-before", 1, Map.of()))
                    .singleElement()
                    .satisfies(run -> {
                        assertThat(run.verdict()).isEqualTo(Verdict.ERROR);
                        assertThat(run.message().orElseThrow()).contains("belong into the test method");
                    });
        }
    }

    @Test
    void aLabThatIsClosedRunsNothing() throws Exception {
        Lab lab = new Lab(Cache.standard(), Progress.NONE, Optional.empty(), List.of());
        lab.close();

        assertThat(run(lab, 1)).isEmpty();
    }
}
