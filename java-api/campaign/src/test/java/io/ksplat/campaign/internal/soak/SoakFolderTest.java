// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.soak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.campaign.Entries;
import io.ksplat.campaign.Plan;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.Session;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SoakFolderTest {
    private static final SoakFolder.State STATE = new SoakFolder.State(1, List.of("a"), List.of("debian:7.2"));
    private static final List<Catalogue.Entry> REPRODUCERS =
            Entries.catalogue("a", "b", "c", "d", "e").entries();
    private static final List<KernelSpec> KERNELS =
            List.of(KernelSpec.parse("debian:7.2"), KernelSpec.parse("debian:6.12"));

    @TempDir
    Path folder;

    private static List<String> order(long seed, int round) {
        return Soak.round(REPRODUCERS, KERNELS, seed, round).attempts().stream()
                .map(attempt -> attempt.reproducer().id() + " " + attempt.kernel() + " " + attempt.number())
                .toList();
    }

    @Test
    void eachRoundHasEveryPairOnceInAnOrderOfItsOwn() {
        assertThat(order(1, 2)).isEqualTo(order(1, 2)).hasSize(10).doesNotHaveDuplicates();
        assertThat(order(1, 2)).isNotEqualTo(order(2, 2));
        assertThat(order(1, 1).stream().map(name -> name.replaceAll(" 1$", " 2")))
                .containsExactlyInAnyOrderElementsOf(order(1, 2))
                .isNotEqualTo(order(1, 2));
    }

    @Test
    void aShuffledPlanKnowsItsPlaces() {
        Plan plan = Soak.round(REPRODUCERS, KERNELS, 3, 1);

        for (int place = 0; place < plan.attempts().size(); place++) {
            Plan.Attempt attempt = plan.attempts().get(place);
            assertThat(plan.places()).containsEntry("1 " + attempt.reproducer().id() + " " + attempt.kernel(), place);
        }
    }

    @Test
    void theNextRoundFollowsTheLastEvenIfItWasCutShort() throws IOException {
        assertThat(SoakFolder.open(folder, STATE).next()).isEqualTo(1);

        Files.createDirectories(SoakFolder.open(folder, STATE).round(7));

        assertThat(SoakFolder.open(folder, STATE).next()).isEqualTo(8);
    }

    @Test
    void aRunThatTheEndOfKsplatCutShortSaysNothing() {
        RunRecord.Builder run = RunRecord.of("a", new KernelName("debian:7.2", "7.2.13", "key"), 1);

        assertThat(SoakFolder.hasEnded(run.message(Session.INTERRUPTED).build()))
                .isFalse();
        assertThat(SoakFolder.hasEnded(run.message("no space left on the disk").build()))
                .isTrue();
    }

    @Test
    void anotherSoakAndOtherFilesAreRefused() throws IOException {
        SoakFolder.open(folder, STATE);

        assertThatThrownBy(() -> SoakFolder.open(folder, new SoakFolder.State(2, List.of("a"), List.of("debian:7.2"))))
                .hasMessageContaining("another seed")
                .hasMessageContaining("--report");
        Path other = Files.createDirectories(folder.resolve("other"));
        Files.writeString(other.resolve("results.json"), "{}");
        assertThatThrownBy(() -> SoakFolder.open(other, STATE)).hasMessageContaining("has no soak");
        Files.writeString(folder.resolve("soak.json"), "no JSON");
        assertThatThrownBy(() -> SoakFolder.open(folder, STATE)).hasMessageContaining("is no record of a soak");
    }
}
