// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.Command;
import io.ksplat.kernel.internal.build.PatchSeries;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What b4 gives of a series, and where the rest of it is; on a small repository. */
class AskedSeriesTest {
    private static final String COVER_ID = "cover.1.git.a@example.org";
    private static final String COVER =
            mail("[PATCH v2 0/2] Count", COVER_ID, "Content-Type: text/plain\n", "The cover letter.\n");

    @TempDir
    Path folder;

    private Path tree;

    @BeforeEach
    void makeReviewBranch() throws Exception {
        tree = Files.createDirectories(folder.resolve("tree"));
        git("init", "-q", "-b", "main");
        commit("a.c", "one\ntwo\n", "Begin");
        git("checkout", "-q", "-b", "b4/review/20260101-count-1");
        commit("b.c", "before\n", "What the series needs");
        commit("a.c", "eins\ntwo\n", "Count in German");
        commit("a.c", "eins\nzwei\n", "Count on");
        git("commit", "-q", "--allow-empty", "-m", "Count\n\nb4's own record");
        git("checkout", "-q", "main");
    }

    @Test
    void aWholeSeriesIsTakenAsItIs() throws Exception {
        String second = mail("[PATCH v2 2/2] Count on", "2@example.org", "", diff("HEAD~1"));
        String first = mail("[PATCH v2 1/2] Count in German", "1@example.org", "", diff("HEAD~2"));

        assertThat(subjects(second + COVER + first, Optional.empty())).containsExactly("Count in German", "Count on");
    }

    @Test
    void aPatchInAPartOfAMailIsOne() throws Exception {
        String body = "--x\nContent-Type: text/plain\n\nSome words.\n\n--x\nContent-Type: text/x-patch; charset=utf-8\n"
                + "Content-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=\"a.patch\"\n\n"
                + java.util.Base64.getMimeEncoder()
                        .encodeToString(diff("HEAD~2").getBytes(StandardCharsets.UTF_8))
                        .replace("\r", "")
                + "\n--x--\n";
        String mail = mail(
                "[PATCH] Count in German",
                "1@example.org",
                "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"x\"\n",
                body);

        assertThat(subjects(mail, Optional.empty())).containsExactly("Count in German");
    }

    @Test
    void theRestOfACoverLetterIsOnTheReviewBranch() throws Exception {
        Optional<Path> tracking = tracking(COVER_ID, git("rev-parse", "b4/review/20260101-count-1~2"));

        assertThat(subjects(COVER, tracking)).containsExactly("Count in German", "Count on");
        try (AskedSeries asked = read(COVER, tracking)) {
            assertThat(git("rev-parse", asked.base().orElseThrow()))
                    .as("with what the series needs")
                    .isEqualTo(git("rev-parse", "b4/review/20260101-count-1~3"));
        }
    }

    /** As git writes it for long ones; and the settings of a user that change what format-patch writes. */
    @Test
    void theRestOfAFirstPatchIsThereToo() throws Exception {
        git("config", "format.coverLetter", "true");
        git("config", "format.attach", "true");
        git("config", "diff.noprefix", "true");
        String id = "x".repeat(80) + "@example.org";
        String first = mail(
                "[PATCH 1/2] Count in German",
                "",
                "Message-ID:\n <" + id + ">\n",
                diff("b4/review/20260101-count-1~2"));

        Optional<Path> tracking = tracking(id, git("rev-parse", "b4/review/20260101-count-1~2"));
        assertThat(subjects(first, tracking)).containsExactly("Count in German", "Count on");
        try (AskedSeries asked = read(first, tracking)) {
            assertThat(Files.readString(asked.mails().get(0)))
                    .contains("\n--- a/a.c\n+++ b/a.c\n@@ -1,2 +1,2 @@\n-one");
        }
    }

    /** b4 is asked, which does not know this one, or is not there. */
    @Test
    void aBranchOfAnotherSeriesIsNotTaken() throws Exception {
        Optional<Path> another = tracking("another@example.org", git("rev-parse", "b4/review/20260101-count-1~2"));

        assertThatThrownBy(() -> read(COVER, another)).hasMessageContaining("the series of " + COVER_ID);
        assertThatThrownBy(() -> read(COVER, Optional.empty())).hasMessageContaining("the series of " + COVER_ID);
    }

    @Test
    void aTrackingFileMayTellOfNoCommits() throws Exception {
        for (String text :
                List.of("{}", "[]", "{\"series\":{\"first-patch-commit\":\"--output=/x\",\"change-id\":\"a\"}}")) {
            Path file = Files.writeString(folder.resolve("tracking.json"), text);
            assertThat(B4Tracking.read(file)).as(text).isEmpty();
        }
        Path file = Files.writeString(folder.resolve("tracking.json"), "no JSON");
        assertThatThrownBy(() -> read(COVER, Optional.of(file))).hasMessageContaining("B4_TRACKING_FILE");
    }

    @Test
    void whatIsNoMailIsToldSo() {
        assertThatThrownBy(() -> read("", Optional.empty())).hasMessageContaining("standard input is empty");
        assertThatThrownBy(() -> read("hello\n", Optional.empty()))
                .hasMessageContaining("no patch in standard input")
                .hasMessageContaining("no Message-ID");
        assertThatThrownBy(() -> read("hello\n\nMessage-ID: <of@the.body>\n", Optional.empty()))
                .hasMessageContaining("no Message-ID");
    }

    @Test
    void nothingIsLeftBehind() throws Exception {
        AskedSeries asked =
                read(mail("[PATCH] Count in German", "../1@example.org", "", diff("HEAD~2")), Optional.empty());
        Path mails = asked.mails().get(0);
        assertThat(asked.report(Optional.of(folder))).isEqualTo(folder.resolve("__1@example.org"));
        assertThat(mails).exists();
        asked.close();
        assertThat(mails.getParent()).doesNotExist();
    }

    private AskedSeries read(String input, Optional<Path> tracking) throws Exception {
        return AskedSeries.read(
                new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)), tree, tracking, Progress.NONE);
    }

    private List<String> subjects(String input, Optional<Path> tracking) throws Exception {
        try (AskedSeries asked = read(input, tracking)) {
            return PatchSeries.read(asked.mails(), Files.createTempDirectory(folder, "mails")).patches().stream()
                    .map(PatchSeries.Patch::subject)
                    .toList();
        }
    }

    private Optional<Path> tracking(String id, String first) throws IOException {
        return Optional.of(Files.writeString(
                folder.resolve("tracking.json"),
                "{\"series\":{\"change-id\":\"20260101-count-1\",\"revision\":2,\"first-patch-commit\":\"" + first
                        + "\",\"header-info\":{\"msgid\":\"" + id + "\"}}}"));
    }

    private static String mail(String subject, String id, String headers, String body) {
        return "From mboxrd@z Thu Jan  1 00:00:00 1970\nFrom: A <a@example.org>\nDate: Sat, 21 Nov 2026 10:00:00 +0000\nSubject: "
                + subject + "\n" + (id.isEmpty() ? "" : "Message-ID: <" + id + ">\n") + headers + "\n" + body + "\n";
    }

    private String diff(String commit) throws Exception {
        String named = commit.replace("HEAD", "b4/review/20260101-count-1");
        return git("diff", "--src-prefix=a/", "--dst-prefix=b/", named + "~1", named) + "\n";
    }

    private void commit(String file, String text, String subject) throws Exception {
        Files.writeString(tree.resolve(file), text);
        git("add", file);
        git("commit", "-q", "-m", subject);
    }

    private String git(String... words) throws Exception {
        List<String> all = new ArrayList<>(List.of("git", "-c", "user.name=A", "-c", "user.email=a@example.org"));
        all.addAll(Arrays.asList(words));
        Command.Outcome git = new Command(Duration.ofMinutes(1), all).run(tree);
        assertThat(git.ok()).as("%s: %s", all, git.lines()).isTrue();
        return String.join("\n", git.lines());
    }
}
