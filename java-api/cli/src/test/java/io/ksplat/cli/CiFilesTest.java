// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files of packaging/ci against the schemas of those that read them. */
@Tag("full")
@Tag("network")
class CiFilesTest {
    private static final Path CI = Path.of("../../packaging/ci");

    @TempDir
    Path folder;

    private Path programs = Path.of("");

    @BeforeEach
    void findPrograms() throws Exception {
        HeldProcess prepared = HeldProcess.run(
                folder,
                Duration.ofMinutes(6),
                Path.of("../../scripts/prepare-npm").toRealPath().toString(),
                "ci-schemas");
        List<String> lines = prepared.output().lines().toList();
        String last = lines.isEmpty() ? "" : lines.get(lines.size() - 1);
        Skips.unless(last.startsWith("/"), "files for CI systems are not checked, scripts/prepare-npm says: " + last);
        programs = Path.of(last, "node_modules");
    }

    private HeldProcess node(Path where, String program, String... arguments) throws Exception {
        List<String> words = new java.util.ArrayList<>(
                List.of("node", programs.resolve(program).toString()));
        words.addAll(List.of(arguments));
        return HeldProcess.run(where, Duration.ofMinutes(2), words.toArray(String[]::new));
    }

    private HeldProcess action(String text) throws Exception {
        Path file = Files.writeString(folder.resolve("action.yml"), text);
        return node(folder, "@action-validator/cli/cli.mjs", file.toString());
    }

    @Test
    void githubKnowsTheAction() throws Exception {
        String text = Files.readString(CI.resolve("action.yml"));
        HeldProcess right = action(text);
        assertThat(right.status()).as(right.output()).isZero();
        // The opposite: keys that there are not.
        for (String wrong : List.of(
                text.replace("shell: bash", "shel: bash"), text.replace("using: composite", "using: composit"))) {
            assertThat(wrong).isNotEqualTo(text);
            assertThat(action(wrong).status()).isNotZero();
        }
    }

    private HeldProcess gitlab(String name, String text) throws Exception {
        Path project = Files.createDirectory(folder.resolve(name));
        Files.writeString(project.resolve(".gitlab-ci.yml"), text);
        for (List<String> git : List.of(
                List.of("git", "init", "-q"),
                List.of("git", "remote", "add", "origin", "git@gitlab.example:a/b.git"))) {
            HeldProcess made = HeldProcess.run(project, Duration.ofMinutes(1), git.toArray(String[]::new));
            assertThat(made.status()).as(made.output()).isZero();
        }
        return node(project, "gitlab-ci-local/src/index.js", "--list");
    }

    @Test
    void gitlabKnowsTheTemplate() throws Exception {
        String text = Files.readString(CI.resolve("gitlab-ci.yml"));
        HeldProcess right = gitlab("right", text);
        assertThat(right.status()).as(right.output()).isZero();
        assertThat(right.output()).contains("json schema validated", "ksplat-shard: [4/4]", "ksplat-report");
        String wrong = text.replace("parallel: 4", "paralel: 4");
        assertThat(wrong).isNotEqualTo(text);
        HeldProcess refused = gitlab("wrong", wrong);
        assertThat(refused.status()).isNotZero();
        assertThat(refused.output()).contains("'paralel' property is not expected");
    }

    /** Where GitHub's runner, GitLab's and Jenkins' look for it. */
    @Test
    void eachFileRunsTheStep() throws IOException {
        assertThat(Files.isExecutable(CI.resolve("step"))).isTrue();
        for (String file : List.of("action.yml", "gitlab-ci.yml", "Jenkinsfile")) {
            assertThat(Files.readString(CI.resolve(file))).as(file).contains("/step");
        }
    }
}
