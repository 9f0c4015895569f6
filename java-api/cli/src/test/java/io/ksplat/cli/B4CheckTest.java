// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code ksplat b4-check} prints if it comes to no verdict: one JSON array and nothing else, which never passes. Nothing is built for it. */
class B4CheckTest {
    @TempDir
    Path folder;

    private JsonNode answer(int exit, String stdin, String... words) throws Exception {
        Path mail = Files.writeString(folder.resolve("mail"), stdin);
        List<String> before = List.of("bash", "-c", "exec \"$@\" <\"$0\"", mail.toString());
        List<String> all = new ArrayList<>(List.of("b4-check"));
        all.addAll(List.of(words));
        Ksplat ksplat = Ksplat.under(folder, before, java.util.Map.of(), all.toArray(String[]::new));
        assertThat(ksplat.exit()).as(ksplat.err()).isEqualTo(exit);
        JsonNode answers = new ObjectMapper().readTree(ksplat.out());
        assertThat(answers.isArray()).as(ksplat.out()).isTrue();
        assertThat(answers).hasSize(1);
        assertThat(ksplat.out().lines()).hasSize(1);
        assertThat(answers.get(0).path("status").asText()).isEqualTo("fail");
        return answers.get(0);
    }

    private static String summary(JsonNode answer) {
        return answer.path("summary").asText();
    }

    @Test
    void wordsThatAreWrongAreAFailureOfKsplat() throws Exception {
        assertThat(summary(answer(2, "", "--no-such-option"))).startsWith("ksplat failed: Unknown option");
        assertThat(summary(answer(2, ""))).startsWith("ksplat failed: name a reproducer");
        assertThat(summary(answer(2, "", "no-such"))).startsWith("ksplat failed: there is no reproducer no-such");
    }

    @Test
    void whatIsNoMailIsAFailureOfKsplat() throws Exception {
        JsonNode answer = answer(3, "Zwölf\n", "nmi-task-kptr");

        assertThat(summary(answer)).startsWith("ksplat failed: no patch in standard input");
        assertThat(answer.path("details").asText()).contains("Nothing is known of the series");
    }

    @Test
    void aSeriesThatDoesNotApplyIsOfTheSeries() throws Exception {
        Path tree = Files.createDirectories(folder.resolve("tree"));
        Files.writeString(tree.resolve("a.c"), "one\n");
        HeldProcess made = HeldProcess.run(
                tree,
                Duration.ofMinutes(1),
                "bash",
                "-euc",
                "git init -q; git add a.c; git -c user.name=A -c user.email=a@example.org commit -q -m Begin");
        assertThat(made.status()).as(made.output()).isZero();
        String mail =
                "From: A <a@example.org>\nSubject: [PATCH] Count in Latin\nDate: Sat, 21 Nov 2026 10:00:00 +0000\n"
                        + "Message-ID: <1@example.org>\n\nWords.\n---\ndiff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n"
                        + "@@ -1 +1 @@\n-deux\n+duo\n";

        JsonNode answer = answer(1, mail, "nmi-task-kptr", "--tree", tree.toString());

        assertThat(summary(answer))
                .matches("DOES NOT APPLY: patch 1/1 'Count in Latin' does not apply to [0-9a-f]{40}: a\\.c.*");
        assertThat(new String(Files.readAllBytes(tree.resolve("a.c")), StandardCharsets.UTF_8))
                .isEqualTo("one\n");
    }
}
