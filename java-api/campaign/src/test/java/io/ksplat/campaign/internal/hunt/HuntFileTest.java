// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.ksplat.campaign.internal.hunt.HuntResult.Answer;
import io.ksplat.campaign.internal.hunt.HuntResult.Finding;
import io.ksplat.campaign.internal.hunt.HuntResult.Group;
import io.ksplat.campaign.internal.hunt.HuntResult.Tried;
import io.ksplat.results.internal.KnownReports;
import io.ksplat.results.internal.campaign.CampaignFiles;
import io.ksplat.results.internal.campaign.HuntRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HuntFileTest {
    private static final List<Operation> OPERATIONS =
            Operations.named(List.of("map-update/lru-hash", "map-update/lru-percpu-hash", "map-update/array"));
    private static final String RELEASE = "6.12.118+deb13-cloud-amd64";

    private static final Coverage COVERAGE = new Coverage(
            new Coverage.Uncovered(List.of("BPF_MAP_TYPE_DEVMAP"), List.of(), List.of(), List.of()), List.of());

    @TempDir
    Path folder;

    private static HuntRequest request(long seed) {
        return new HuntRequest(
                "debian:6.12", OPERATIONS, new HuntScope(HuntMode.NMI, 12, false, seed), Duration.ofMinutes(1), 1);
    }

    private static Tried deadly(int operation, String signature) {
        return new Tried(
                OPERATIONS.get(operation).name(),
                HuntMode.NMI,
                Answer.DEADLOCK,
                600,
                12,
                4,
                List.of(),
                List.of(new Finding(
                        signature, "the lock", "a+0x1", "b+0x2", 3, true, false, Optional.empty(), "x/Y.java")),
                Optional.empty(),
                false);
    }

    /** Reports of before know nothing of calls that the verifier refuses. */
    @Test
    void readsWhatAnEarlierVersionWrote() throws IOException {
        HuntFile file = HuntFile.open(folder, request(1), "key", COVERAGE);
        file.add(deadly(0, "one"));
        Path written = folder.resolve(HuntFile.NAME);
        Files.writeString(written, Files.readString(written).replaceFirst(",\"refused\":\\[\\]", ""));

        assertThat(written).content().doesNotContain("refused");
        assertThat(HuntFile.read(written).uncovered().refused()).isEmpty();
    }

    @Test
    void aHuntGoesOnWithWhatIsMissing() throws IOException {
        HuntFile file = HuntFile.open(folder, request(1), "key", COVERAGE);
        file.add(deadly(0, "one"));
        file.add(Tried.without(OPERATIONS.get(1), HuntMode.NMI, Answer.REJECTED, Optional.of("no"), false));
        file.add(Tried.without(OPERATIONS.get(2), HuntMode.NMI, Answer.INCONCLUSIVE, Optional.of("QEMU failed"), true));

        HuntFile again = HuntFile.open(folder, request(1), "key", COVERAGE);
        assertThat(again.has(OPERATIONS.get(0))).isTrue();
        assertThat(again.has(OPERATIONS.get(1))).isTrue();
        assertThat(again.has(OPERATIONS.get(2)))
                .as("what failed is tried again")
                .isFalse();
        assertThat(again.result(OPERATIONS).operations())
                .isEqualTo(file.result(OPERATIONS).operations().subList(0, 2));
        assertThat(again.result(OPERATIONS).untried()).containsExactly("map-update/array");

        assertThat(HuntFile.open(folder, request(2), "key", COVERAGE).has(OPERATIONS.get(0)))
                .as("of another seed")
                .isFalse();
        assertThat(HuntFile.open(folder, request(1), "other", COVERAGE).has(OPERATIONS.get(0)))
                .as("of another kernel")
                .isFalse();
    }

    /** It is written with the rest, also by a hunt that asks for something else. */
    @Test
    void whatAnNmiDoesElseIsKept() throws IOException {
        HuntFile file = HuntFile.open(folder, request(1), "key", COVERAGE);
        Operation pair = Operations.named(List.of("map-update/lru-hash+map-delete/lru-hash"))
                .get(0);
        file.add(Tried.without(pair, HuntMode.NMI, Answer.UNRELATED, Optional.of("no lock"), false));
        file.add(deadly(1, "one"));
        file.add(deadly(0, "one"));

        HuntFile again = HuntFile.open(folder, request(1), "key", COVERAGE);
        assertThat(again.has(pair)).isTrue();
        assertThat(again.has(OPERATIONS.get(0))).isTrue();
        again.finish(KnownReports.read(Files.writeString(folder.resolve("known.toml"), "")), RELEASE);
        assertThat(HuntFile.read(folder.resolve(HuntFile.NAME)).operations())
                .extracting(Tried::name)
                .containsExactly("map-update/lru-hash", pair.name(), "map-update/lru-percpu-hash");
    }

    @Test
    void oneBugIsOneGroupAndWhatIsNewComesFirst() throws IOException {
        HuntFile file = HuntFile.open(folder, request(1), "key", COVERAGE);
        file.add(deadly(0, "known"));
        file.add(deadly(1, "known"));
        file.add(deadly(2, "new"));
        KnownReports known = KnownReports.read(Files.writeString(
                folder.resolve("known.toml"),
                "[[known]]\nsignature = \"known\"\nkernels = [\"6.12\"]\nreason = \"a thread\"\n"));

        HuntResult result = file.result(OPERATIONS).knowing(known, RELEASE);
        assertThat(result.groups())
                .containsExactly(
                        new Group("the lock", "new", false, Optional.empty(), List.of("map-update/array")),
                        new Group(
                                "the lock",
                                "known",
                                true,
                                Optional.of("a thread"),
                                List.of("map-update/lru-hash", "map-update/lru-percpu-hash")));
        assertThat(result.hasNews()).isTrue();
        assertThat(file.result(OPERATIONS.subList(0, 2)).knowing(known, RELEASE).hasNews())
                .isFalse();
        assertThat(file.result(OPERATIONS.subList(0, 2))
                        .knowing(known, "7.2.13+deb14-cloud-amd64")
                        .hasNews())
                .as("on another kernel")
                .isTrue();
    }

    /** The pages of a report read it, and the one who hunted reads them. */
    @Test
    void aReportReadsItWithWhatIsKnown() throws IOException {
        Path report = folder.resolve("report");
        HuntFile file = HuntFile.open(Files.createDirectories(report.resolve("hunt/k")), request(1), "key", COVERAGE);
        file.add(deadly(0, "known"));
        file.add(deadly(2, "new"));
        KnownReports known = KnownReports.read(Files.writeString(
                folder.resolve("known.toml"),
                "[[known]]\nsignature = \"known\"\nkernels = [\"6.12\"]\nreason = \"a thread\"\n"));

        HuntResult result = file.finish(known, RELEASE);

        HuntRecord read = (HuntRecord) CampaignFiles.of(report).get(0).record();
        assertThat(read.untried()).containsExactly("map-update/lru-percpu-hash");
        assertThat(read.operations().stream().flatMap(each -> each.findings().stream()))
                .extracting(HuntRecord.Finding::signature, HuntRecord.Finding::known, HuntRecord.Finding::reason)
                .containsExactlyInAnyOrder(
                        tuple("known", true, Optional.of("a thread")), tuple("new", false, Optional.empty()));
        assertThat(result.hasNews()).isTrue();
    }

    /** What ksplat ships is read, and has what was found on 6.12. */
    @Test
    void theListOfKnownFindingsIsRead() throws IOException {
        assertThat(Operations.known()
                        .reason(
                                "cpu-stuck:nmi:native_queued_spin_lock_slowpath<_raw_spin_lock_irqsave<trie_update_elem<bpf:in_nmi"
                                        + "<bpf_trace_run3<nmi_handle<default_do_nmi<exc_nmi",
                                RELEASE))
                .hasValueSatisfying(reason -> assertThat(reason).contains("map-reentry/lpm-trie"));
    }
}
