// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What patch and bisect say to bad input; nothing is built or booted for it. */
class CampaignInputTest {
    @TempDir
    Path folder;

    /** A usage error's 2, or the harness's 3, would have git call the commit bad. */
    @Test
    void whateverIsWrongWithABisectStepStopsGit() throws Exception {
        for (List<String> words : List.of(
                List.of("bisect-step"),
                List.of("bisect-step", "--reproducer", "nmi-task-kptr"),
                List.of("bisect-step", "--reproducer", "no-such", "--signature", "x"),
                List.of("bisect-step", "--reproducer", "nmi-task-kptr", "--like", "/nowhere"),
                List.of("bisect-step", "--reproducer", "nmi-task-kptr", "--signature", "x", "--tree", "/nowhere"))) {
            Ksplat ksplat = Ksplat.run(folder, words.toArray(String[]::new));

            assertThat(ksplat.exit()).as("%s: %s", words, ksplat.err()).isEqualTo(128);
        }
    }

    @Test
    void mailsWithoutAPatchAreNamed() throws Exception {
        Path mail = Files.writeString(folder.resolve("hello.mbox"), "From a\nSubject: hello\n\nworld\n");

        Ksplat ksplat =
                Ksplat.run(folder, "patch", "--tree", "/nowhere", "--reproducer", "nmi-task-kptr", mail.toString());

        assertThat(ksplat.exit()).isEqualTo(3);
        assertThat(ksplat.err()).contains("no patch in " + mail);
    }

    /** What is asked of a series is said before anything is built. */
    @Test
    void wordsOfAPatchTrialThatDoNotFitTogetherAreUsageErrors() throws Exception {
        String patch = Files.writeString(folder.resolve("a.patch"), "x\n").toString();
        for (List<String> words : List.of(
                List.of("--all"),
                List.of("--all", "--reproducer", "nmi-task-kptr", patch),
                List.of("--all", "--message-id", "a@example.org", patch),
                List.of("nmi-task-kptr"),
                List.of("--all", "--most", "0", patch),
                List.of("--config", patch, "--through", "sh -c", "nmi-task-kptr", patch),
                List.of("--all", "--mail", folder + "/no/such/mail", patch))) {
            List<String> all = new ArrayList<>(List.of("patch", "--tree", folder.toString()));
            all.addAll(words);
            PastReports ksplat = new PastReports();

            assertThat(ksplat.ksplat(all.toArray(String[]::new)))
                    .as("%s: %s", words, ksplat.err)
                    .isEqualTo(2);
        }
    }

    /** The option must not seem to have been in the kernel. */
    @Test
    void filesOfConfigurationAreThereAndForKernelsThatAreBuilt() throws Exception {
        String lines = Files.writeString(folder.resolve("lines.config"), "CONFIG_KASAN=y\n")
                .toString();
        for (List<String> words : List.of(
                List.of("run", "nmi-task-kptr", "--kernel", "source:7.3+lockdep", "--config", folder + "/nothing"),
                List.of("run", "nmi-task-kptr", "--kernel", "debian:7.2", "--config", lines),
                List.of(
                        "bisect",
                        "nmi-task-kptr",
                        "--good",
                        "debian:7.2",
                        "--bad",
                        "debian:6.12",
                        "--config",
                        lines))) {
            PastReports ksplat = new PastReports();

            assertThat(ksplat.ksplat(words.toArray(String[]::new)))
                    .as("%s: %s", words, ksplat.err)
                    .isEqualTo(2);
            assertThat(ksplat.err.toString()).contains("--config");
        }
    }

    @Test
    void aTreeThatIsNoneIsNamed() throws Exception {
        Ksplat ksplat = Ksplat.run(
                folder,
                "bisect",
                "--tree",
                folder.resolve("nothing").toString(),
                "--reproducer",
                "nmi-task-kptr",
                "--good",
                "v1",
                "--bad",
                "v2");

        assertThat(ksplat.exit()).isEqualTo(3);
        assertThat(ksplat.err()).contains("no kernel tree at " + folder.resolve("nothing"));
    }

    @Test
    void anErrorRateThatIsNoneIsAUsageError() throws Exception {
        Ksplat ksplat = Ksplat.run(
                folder, "bisect", "--reproducer", "nmi-task-kptr", "--good", "a", "--bad", "b", "--error", "7");

        assertThat(ksplat.exit()).isEqualTo(2);
    }
}
