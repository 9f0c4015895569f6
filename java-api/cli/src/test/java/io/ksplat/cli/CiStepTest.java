// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.results.internal.campaign.CampaignFiles;
import io.ksplat.results.internal.campaign.PatchRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The step of packaging/ci/action.yml, run as GitHub's runner does, on a real kernel. */
@Tag("machine")
@Tag("full")
class CiStepTest {
    private static final Path CI = Path.of("../../packaging/ci");
    private static final String SOURCE = "nmi_task_kptr.bpf.c";
    private static final long LIMIT_MINUTES = 10;

    @TempDir
    Path folder;

    private final Map<String, String> inputs = new HashMap<>();
    private String script = "";
    private Map<String, String> mapping = Map.of();
    private Path launcher = Path.of("");

    private record Ended(int code, String out, String summary, String output) {}

    /** Reads what the runner reads: the defaults of the inputs, and the step's own script and variables. */
    @BeforeEach
    void readAction() throws IOException {
        String action = Files.readString(CI.resolve("action.yml"));
        Matcher input = Pattern.compile(
                        "^  ([a-z]+):\n    description: .*\n    default: '?([^'\n]*)'?$", Pattern.MULTILINE)
                .matcher(action);
        while (input.find()) {
            inputs.put(input.group(1), input.group(2));
        }
        assertThat(inputs).hasSize(7).containsEntry("step", "all").containsEntry("shard", "1/1");
        Matcher step = Pattern.compile(
                        "      id: step\n      shell: bash\n      run: '(.*)'\n      env:\n((?:        .*\n)+)")
                .matcher(action);
        assertThat(step.find()).isTrue();
        script = step.group(1);
        mapping = new HashMap<>();
        for (String line : step.group(2).lines().toList()) {
            Matcher variable =
                    Pattern.compile(" +(\\w+): \\$\\{\\{ inputs\\.(\\w+) }}").matcher(line);
            assertThat(variable.matches()).as(line).isTrue();
            mapping.put(variable.group(1), variable.group(2));
        }
    }

    /** The launcher would build the checkout once more. */
    @BeforeEach
    void writeLauncher() throws IOException {
        launcher = Files.writeString(folder.resolve("ksplat"), """
                #!/bin/bash
                words=()
                for word in "$@"; do [ "$word" = --yes ] || words+=("$word"); done
                exec '%s' -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '%s' io.ksplat.cli.Main "${words[@]}"
                """.formatted(
                Path.of(System.getProperty("java.home"), "bin", "java"), System.getProperty("java.class.path")));
        Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private Path workspace(String name) throws IOException {
        Path workspace = folder.resolve(name);
        Files.createDirectories(workspace.resolve("src"));
        Files.copy(
                Path.of("../../reproducers/kptr").resolve(SOURCE),
                workspace.resolve("src").resolve(SOURCE));
        return workspace;
    }

    private Ended step(Path workspace, Map<String, String> given) throws Exception {
        Map<String, String> all = new HashMap<>(inputs);
        all.putAll(given);
        Path text = Files.writeString(folder.resolve("script.sh"), script + "\n");
        Path out = folder.resolve("out");
        Path summary = Files.writeString(folder.resolve("summary"), "");
        Path output = Files.writeString(folder.resolve("output"), "");
        ProcessBuilder builder = new ProcessBuilder("bash", "--noprofile", "--norc", "-eo", "pipefail", text.toString())
                .directory(workspace.toFile())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile());
        mapping.forEach((variable, name) -> builder.environment().put(variable, all.get(name)));
        builder.environment()
                .putAll(Map.of(
                        "GITHUB_ACTIONS",
                        "true",
                        "GITHUB_ACTION_PATH",
                        CI.toRealPath().toString(),
                        "GITHUB_STEP_SUMMARY",
                        summary.toString(),
                        "GITHUB_OUTPUT",
                        output.toString(),
                        "KSPLAT_COMMAND",
                        launcher.toString()));
        Process process = builder.start();
        if (!process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES)) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            throw new AssertionError("the step did not end: " + Files.readString(out));
        }
        return new Ended(
                process.exitValue(), Files.readString(out), Files.readString(summary), Files.readString(output));
    }

    private static void copy(Path from, Path to) throws IOException {
        List<Path> all = new ArrayList<>();
        try (Stream<Path> files = Files.walk(from)) {
            files.forEach(all::add);
        }
        for (Path file : all) {
            Path target = to.resolve(from.relativize(file));
            if (Files.isDirectory(file)) {
                Files.createDirectories(target);
            } else {
                Files.copy(file, target, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    @Test
    void aMatrixIsOneReportAndAMissingShareIsAnError() throws Exception {
        Path first = workspace("first");
        Ended plan = step(
                first,
                Map.of("step", "plan", "run", "nmi-cpumask-kptr --kernel debian:7.2 --repeat 2\n  --attempts 1"));
        assertThat(plan.code()).as(plan.out()).isZero();
        Path second = workspace("second");
        Files.copy(first.resolve("ksplat-plan.json"), second.resolve("ksplat-plan.json"));
        Ended one = step(first, Map.of("step", "shard", "shard", "1/2"));
        assertThat(one.code()).as(one.out()).isZero();

        Path joint = workspace("joint");
        copy(first.resolve("ksplat-shards"), joint.resolve("ksplat-shards"));
        Ended half = step(joint, Map.of("step", "merge"));
        assertThat(half.code()).as(half.out()).isEqualTo(3);
        assertThat(half.output()).contains("code=3\n", "report=ksplat-report\n");
        assertThat(half.summary()).contains("1 not as expected", "missing: unit-0002");

        Ended other = step(second, Map.of("step", "shard", "shard", "2/2"));
        assertThat(other.code()).as(other.out()).isZero();
        copy(second.resolve("ksplat-shards"), joint.resolve("ksplat-shards"));
        Ended whole = step(joint, Map.of("step", "merge"));
        assertThat(whole.code()).as(whole.out()).isZero();
        assertThat(whole.output()).contains("code=0\n");
        assertThat(whole.summary()).contains("2 runs, all as expected").doesNotContain("missing");
        assertThat(whole.out()).doesNotContain("::error", "::notice");
        Matcher attached = Pattern.compile("\\[\\[ATTACHMENT\\|(.*)]]")
                .matcher(Files.readString(joint.resolve("ksplat-report/TEST-nmi-cpumask-kptr.xml")));
        assertThat(attached.find()).isTrue();
        assertThat(joint.resolve(attached.group(1)))
                .as("where GitLab and Jenkins look for it")
                .isNotEmptyFile();
    }

    @Test
    void whatIsNewIsAnErrorAtItsLineUntilItIsKnown() throws Exception {
        Path workspace = workspace("one");
        Ended fresh = step(workspace, Map.of("run", "nmi-task-kptr --kernel debian:7.2 --expect CLEAN"));
        assertThat(fresh.code()).as(fresh.out()).isEqualTo(1);
        assertThat(fresh.output()).contains("code=1\n");
        Matcher line = Pattern.compile("^::error file=src/nmi_task_kptr\\.bpf\\.c,line=(\\d+),", Pattern.MULTILINE)
                .matcher(fresh.out());
        assertThat(line.find()).as(fresh.out()).isTrue();
        assertThat(Files.readAllLines(workspace.resolve("src").resolve(SOURCE))
                        .get(Integer.parseInt(line.group(1)) - 1))
                .contains("bpf_task_release");
        assertThat(fresh.summary()).contains("1 not as expected").doesNotContain("New or not");

        copy(workspace.resolve("ksplat-report"), workspace.resolve("earlier"));
        Ended again = step(workspace, Map.of("step", "merge", "baseline", "earlier"));
        assertThat(again.code()).as(again.out()).isZero();
        assertThat(again.out()).contains("::notice file=src/").doesNotContain("::error");
        assertThat(again.summary()).contains("#### New or not", "not new: nmi-task-kptr on ");

        Matcher signature = Pattern.compile("%0Asignature: (.*?)(?:%0A|$)", Pattern.MULTILINE)
                .matcher(fresh.out());
        assertThat(signature.find()).isTrue();
        String known = signature.group(1).replace("%25", "%");
        for (Map.Entry<String, Integer> until :
                Map.of("9999-12-31", 0, "2020-01-01", 1).entrySet()) {
            Files.writeString(workspace.resolve("known"), known + " | " + until.getKey() + " | reported\n");
            Ended told = step(workspace, Map.of("step", "merge", "known", "known"));
            assertThat(told.code()).as(until + ": " + told.out()).isEqualTo(until.getValue());
            assertThat(told.summary()).containsPattern(until.getValue() == 0 ? "(?m)^not new: " : "(?m)^new: ");
        }
    }

    /** A pull request may choose the words. */
    @Test
    void whatIsToRunIsNoShell() throws Exception {
        Path workspace = workspace("hostile");
        for (String step : List.of("plan", "patch")) {
            for (String run : List.of("x; touch made", "$(touch made)", "`touch made`", "x\ntouch made", "")) {
                Ended ended = step(workspace, Map.of("step", step, "run", run));
                assertThat(ended.code()).as(run + ": " + ended.out()).isEqualTo(2);
                assertThat(workspace.resolve("made")).doesNotExist();
                assertThat(workspace.resolve("ksplat-plan.json")).doesNotExist();
            }
        }
    }

    /** The trial of a series that applies builds two kernels: here it ends before, and what an earlier one left tells nothing of it. */
    @Test
    void aSeriesThatDoesNotApplyIsNoVerdict() throws Exception {
        Path workspace = workspace("series");
        Path tree = Files.createDirectory(workspace.resolve("linux"));
        Files.writeString(tree.resolve("a.c"), "one\n");
        for (List<String> git : List.of(
                List.of("git", "init", "-q"),
                List.of("git", "add", "-A"),
                List.of("git", "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q", "-m", "Begin"))) {
            HeldProcess made = HeldProcess.run(tree, Duration.ofMinutes(1), git.toArray(String[]::new));
            assertThat(made.status()).as(made.output()).isZero();
        }
        Files.writeString(workspace.resolve("series.mbox"), """
                From mboxrd@z Thu Jan  1 00:00:00 1970
                From: A <a@example.org>
                Date: Sat, 21 Nov 2026 10:00:00 +0000
                Subject: [PATCH] Count in Latin

                --- a/a.c
                +++ b/a.c
                @@ -1 +1 @@
                -two
                +duo
                """);
        Path old = Files.createDirectory(workspace.resolve("ksplat-report")).resolve("patch.json");
        Files.writeString(old, "{}");

        Ended ended = step(
                workspace, Map.of("step", "patch", "run", "--tree linux --base HEAD nmi-task-kptr\n  series.mbox"));

        assertThat(ended.code()).as(ended.out()).isEqualTo(3);
        assertThat(ended.out())
                .contains("'Count in Latin' does not apply to ", ": a.c, hunk ")
                .doesNotContain("::error");
        assertThat(ended.output()).contains("code=3\n");
        assertThat(old).doesNotExist();
    }

    @Test
    void aTrialsReportIsAnnotatedAtTheSeriesAndNotAtItsRuns() throws Exception {
        Path workspace = workspace("trial");
        Path report = workspace.resolve("ksplat-report");
        Ended base = step(workspace, Map.of("run", "nmi-task-kptr --kernel debian:7.2"));
        assertThat(base.code()).as(base.out()).isZero();
        PatchRecord.Side side = new PatchRecord.Side(1, 1, 0.025, 1, List.of());
        CampaignFiles.write(
                report,
                new PatchRecord(
                        "DOES NOT CURE",
                        0.01,
                        new PatchRecord.Sides(1, 1),
                        new PatchRecord.Sides(1, 1),
                        "why",
                        "0123456789ab",
                        "plain",
                        List.of(),
                        List.of(),
                        List.of(new PatchRecord.Comparison(
                                "nmi-task-kptr",
                                Optional.of("DOES NOT CURE"),
                                0.01,
                                "the bug still shows",
                                side,
                                side,
                                Optional.of(new PatchRecord.Place("src/" + SOURCE, 7, "on_nmi"))))));

        HeldProcess told = HeldProcess.run(
                workspace, Duration.ofMinutes(2), launcher.toString(), "show", "ksplat-report", "--annotations");

        assertThat(told.status()).isEqualTo(1);
        assertThat(told.output().lines())
                .containsExactly("::error file=src/" + SOURCE + ",line=7,title=nmi-task-kptr%3A DOES NOT CURE::the bug"
                        + " still shows%0Athe evidence names on_nmi(), which the series changes");
    }
}
