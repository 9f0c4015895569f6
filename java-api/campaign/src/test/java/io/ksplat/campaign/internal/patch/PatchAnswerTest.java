// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.campaign.ScriptedKernels;
import io.ksplat.campaign.Trial;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.results.RunRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

/** Answers to a series, as mails. */
class PatchAnswerTest {
    private static final KernelSpec BASE = KernelSpec.parse("tree:/linux@base+plain");
    private static final KernelSpec PATCHED = KernelSpec.parse("tree:/linux@patched+plain");
    private static final PatchAnswer.About ONE = about(false);

    private static PatchAnswer.About about(boolean catalogue, String... reproducers) {
        return new PatchAnswer.About(
                "A Developer <a@example.org>",
                "2d0594e3941c (\"A subject that is longer than what fits into one line of a mail, by some words\")",
                "lockdep",
                catalogue,
                List.of(reproducers),
                List.of(
                        "bpf: First",
                        "bpf: Second, with a subject that is far too long for one line of any mail to a list"));
    }

    private static RunRecord deadlock(KernelSpec kernel, int attempt) {
        RunRecord run = ScriptedKernels.deadlock(kernel, attempt, "native_queued_spin_lock_slowpath");
        Evidence bare = run.evidence().get(0);
        Evidence found = Evidence.builder(
                        EvidenceKind.CPU_STUCK, "CPU 0 stuck in " + "a_function ".repeat(12), bare.signature())
                .stacks(List.of(new Stack(
                        OptionalInt.of(0), "nmi", List.of(Frame.of("native_queued_spin_lock_slowpath", 0x135)))))
                .build();
        return run.toBuilder().evidence(List.of(found)).build();
    }

    private static PatchResult result(
            BiFunction<KernelSpec, Integer, RunRecord> base, BiFunction<KernelSpec, Integer, RunRecord> patched)
            throws Exception {
        Trial trial =
                new ScriptedKernels((kernel, attempt) -> (kernel.equals(BASE) ? base : patched).apply(kernel, attempt));
        return new PatchTrial(List.of(trial), BASE, PATCHED, 0.05, 40, Progress.NONE).run();
    }

    /** All lines but the frames of a stack. */
    private static void assertFits(String text) {
        assertThat(text).isASCII().endsWith("\n").doesNotContain("\t", "\r", "\n\n\n");
        assertThat(text.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(PatchAnswer.COLUMNS));
        assertThat(text.lines()).noneMatch(line -> line.endsWith(" "));
    }

    /** The id of a file of one's own names nothing. */
    @Test
    void theCommandNamesTheReproducerAsItWasNamed() throws Exception {
        String text = PatchAnswer.body(
                result(PatchAnswerTest::deadlock, ScriptedKernels::clean), about(false, "repros/some-bug.c"));
        assertThat(text).contains("--profile lockdep \\\n      --reproducer repros/some-bug.c SERIES\n");
    }

    @Test
    void aCureIsTestedBy() throws Exception {
        String text = PatchAnswer.body(result(PatchAnswerTest::deadlock, ScriptedKernels::clean), ONE);

        assertFits(text);
        assertThat(text)
                .startsWith("Tested-by: A Developer <a@example.org>\n\nTested with ksplat: the bug shows only")
                .contains("some-bug: CURES\n  without: the bug shows in 3 of 3 (", "freed:x 1/1")
                .contains("  series:   1/2 bpf: First\n            2/2 bpf: Second, with")
                .contains("wrong with a probability of at most 0.0")
                .contains(
                        "  ksplat patch --tree LINUX --base 2d0594e3941c --profile lockdep \\\n      --reproducer some-bug SERIES\n")
                .contains("some-bug, without the series:")
                .contains("native_queued_spin_lock_slowpath+0x135")
                .doesNotContain("with the series:");
    }

    @Test
    void aBugThatStaysIsAReportWithItsEvidence() throws Exception {
        String text = PatchAnswer.body(result(PatchAnswerTest::deadlock, PatchAnswerTest::deadlock), ONE);

        assertFits(text);
        assertThat(text)
                .doesNotContain("Tested-by")
                .startsWith("Tested with ksplat: the bug still shows with this series.")
                .contains("some-bug: DOES NOT CURE", "some-bug, with the series:", "slowpath+0x135");
    }

    @Test
    void aLeakNamesTheControl() throws Exception {
        String text = PatchAnswer.body(result(PatchAnswerTest::deadlock, ScriptedKernels::leak), ONE);

        assertFits(text);
        assertThat(text)
                .contains("breaks something", "some-bug: BREAKS", "freed:x 0/1")
                .doesNotContain("Tested-by");
    }

    @Test
    void aPatchedKernelThatDoesNotBuildHasAnAnswerToo() {
        String text =
                PatchAnswer.body(PatchResult.cannotTell("with patch 1/2 the kernel does not build: a.c:1: error"), ONE);

        assertFits(text);
        assertThat(text).contains("cannot be told", "a.c:1: error").doesNotContain("Tested-by", "probability");
    }

    /** Nothing that was asked for is missing without a word. */
    @Test
    void aCatalogueNamesWhatChangesAndWhatDoesNot() throws Exception {
        List<Trial> trials = new ArrayList<>();
        trials.add((kernel, attempt) -> List.of(named(
                "cured", kernel.equals(BASE) ? deadlock(kernel, attempt) : ScriptedKernels.clean(kernel, attempt))));
        trials.add((kernel, attempt) -> List.of(named(
                "lacks",
                ScriptedKernels.clean(kernel, attempt).toBuilder()
                        .verdict(Verdict.UNSUPPORTED)
                        .message("the kfunc x is missing")
                        .build())));
        for (int i = 0; i < 40; i++) {
            String id = "clean-" + i;
            trials.add((kernel, attempt) -> List.of(named(id, ScriptedKernels.clean(kernel, attempt))));
        }
        PatchResult result = new CatalogueTrial(trials, BASE, PATCHED, 0.05, 10, Progress.NONE).run();
        String text = PatchAnswer.body(result, about(true));

        assertFits(text);
        assertThat(text)
                .startsWith("Tested-by: ")
                .contains("cured: CURES", "No change (40): clean-0, clean-1,", "clean-39.", " --all SERIES\n")
                .containsPattern("Not supported by this kernel \\(1\\): lacks \\(the kfunc x is\\s+missing\\)")
                .doesNotContain("clean-1: ");
        assertThat(result.text())
                .contains("lacks\n  UNSUPPORTED: the kfunc x", "clean-1\n  no change: CLEAN in each of 3");
    }

    private static RunRecord named(String id, RunRecord run) {
        return run.toBuilder().reproducer(id).build();
    }
}
